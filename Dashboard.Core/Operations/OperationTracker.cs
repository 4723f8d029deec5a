using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations;

/// <summary>Follows every open operation to its end and publishes how each stands.</summary>
public sealed class OperationTracker
{
    /// <summary>Every open operation and those that closed lately.</summary>
    public Feed<OperationBoard, OperationBoardUpdate> Feed { get; } = new(OperationBoard.Empty);

    /// <summary>How an operation stands: from the board, or derived from what is stored when it closed long ago.</summary>
    public OperationView ViewOf(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return Feed.Current.Find(operation.Id) ?? new OperationView
        {
            Operation = operation,
            Acknowledged = 0,
            Followers = operation.Followers.Length,
            Stages =
            [
                new(StageKind.Requested, StageState.Done, operation.RequestedAt, operation.Actor),
            ],
        };
    }
}
