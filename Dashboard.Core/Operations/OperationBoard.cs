using System.Collections.Immutable;

namespace Dashboard.Core.Operations;

/// <summary>Every open operation and those that closed within the last minutes, as they stand now. Immutable.</summary>
public sealed record OperationBoard(ImmutableSortedDictionary<long, OperationView> Operations)
{
    public static readonly OperationBoard Empty = new(ImmutableSortedDictionary<long, OperationView>.Empty);

    /// <summary>Those that are open, newest first.</summary>
    public IEnumerable<OperationView> Open => Operations.Values.Where(view => view.IsOpen).Reverse();

    public OperationView? Find(long id) => Operations.GetValueOrDefault(id);
}

/// <summary>A step from one board to the next.</summary>
/// <param name="Changed">Views that are new or say something else now.</param>
/// <param name="Removed">Ids of those that closed long enough ago.</param>
public sealed record OperationBoardUpdate(OperationBoard Board, ImmutableArray<OperationView> Changed, ImmutableArray<long> Removed);
