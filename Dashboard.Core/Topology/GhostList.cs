using System.Collections.Immutable;

namespace Dashboard.Core.Topology;

internal static class GhostList
{
    /// <summary>The ghosts after a step: without those that came back or are too old, with those that just left. The same array when nothing differs.</summary>
    public static ImmutableArray<Ghost> Next(ImmutableArray<Ghost> ghosts, IEnumerable<string> left, Func<string, bool> isPresent, DateTimeOffset now)
    {
        var added = left.Select(name => new Ghost(name, now)).ToImmutableArray();
        var stale = ghosts.Any(ghost => IsGone(ghost));
        return added.IsEmpty && !stale
            ? ghosts
            : [.. ghosts.Where(ghost => !IsGone(ghost) && !added.Any(one => one.Name == ghost.Name)).Concat(added).OrderBy(ghost => ghost.LeftAt).TakeLast(Ghost.Kept)];

        bool IsGone(Ghost ghost) => now - ghost.LeftAt >= Ghost.ShownFor || isPresent(ghost.Name);
    }
}
