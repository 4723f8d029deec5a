using System.Collections.Immutable;

namespace Dashboard.Core.History;

/// <summary>What may have moved traffic between two moments.</summary>
/// <param name="Marks">Oldest first.</param>
/// <param name="UnaskedSince">What happened by itself is told from here on alone, since there was so much of it; null = all of it is.</param>
public sealed record NotableMarks(ImmutableArray<ChangeMark> Marks, DateTimeOffset? UnaskedSince)
{
    public static readonly NotableMarks None = new([], null);
}
