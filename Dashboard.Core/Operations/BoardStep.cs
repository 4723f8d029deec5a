using System.Collections.Immutable;

namespace Dashboard.Core.Operations;

/// <summary>What differs between two boards.</summary>
/// <param name="Changed">Views that are new or say something else now.</param>
/// <param name="Removed">Ids of those that are no longer there.</param>
internal readonly record struct BoardStep<TView>(ImmutableArray<TView> Changed, ImmutableArray<long> Removed)
{
    public bool IsEmpty => Changed.IsEmpty && Removed.IsEmpty;

    public static BoardStep<TView> Between(ImmutableSortedDictionary<long, TView> before, ImmutableSortedDictionary<long, TView> after) => new(
        [.. after.Where(view => !before.TryGetValue(view.Key, out var known) || !Equals(known, view.Value)).Select(view => view.Value)],
        [.. before.Keys.Where(id => !after.ContainsKey(id))]);
}
