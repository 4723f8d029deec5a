using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>What the audit keeps of a data plane that an operator decided about. The followers themselves are not stored.</summary>
/// <param name="Kind">What kind of data plane it was; null when nothing was heard of it since the console started.</param>
/// <param name="Services">What it followed; null = everything, or not known.</param>
/// <param name="Acknowledged">The last revision that it had taken; 0 = none that is known.</param>
/// <param name="Connected">It was connected when it was decided.</param>
public sealed record FollowerRecord(string? Kind, string? Address, ImmutableArray<string>? Services, long Acknowledged, DateTimeOffset? LastSeen, bool Connected)
{
    public bool Equals(FollowerRecord? other) =>
        other is not null && Kind == other.Kind && Address == other.Address && Acknowledged == other.Acknowledged && LastSeen == other.LastSeen && Connected == other.Connected
        && Services.HasValue == other.Services.HasValue && (Services is not { } own || own.AsSpan().SequenceEqual(other.Services!.Value.AsSpan()));

    public override int GetHashCode() => HashCode.Combine(Kind, Address, Acknowledged, LastSeen, Connected, Services?.Length);
}
