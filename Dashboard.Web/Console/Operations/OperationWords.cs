using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Operations;

/// <summary>How an operation stands, in a word and a mark.</summary>
internal static class OperationWords
{
    public static string State(OperationView view) => !view.IsOpen ? ChangeWords.Outcome(view.Operation.Outcome)
        : view.Alarm ? "Look at this"
        : view.Drain is not null ? "Draining"
        : view.Current.Kind switch
        {
            StageKind.Observed => "Watching the traffic",
            StageKind.Acknowledged => "Being acknowledged",
            _ => "Under way",
        };

    public static MeshState Mark(OperationView view) => view.Operation.Outcome switch
    {
        OperationOutcome.Open when view.Alarm => MeshState.Unhealthy,
        OperationOutcome.Open when view.Drain is not null => MeshState.Draining,
        var outcome => Mark(outcome),
    };

    /// <summary>The mark of an operation of which no more than its outcome is known.</summary>
    public static MeshState Mark(OperationOutcome outcome) => outcome switch
    {
        OperationOutcome.Open => MeshState.UnderWay,
        OperationOutcome.Completed => MeshState.Healthy,
        OperationOutcome.Forced => MeshState.Degraded,
        OperationOutcome.Unproven => MeshState.Unknown,
        _ => MeshState.Ended,
    };

    /// <summary>What is still open, in a sentence: the largest thing on a drain's page.</summary>
    public static string InFlight(DrainView drain)
    {
        var requests = drain.Instances.Sum(instance => instance.Requests);
        var longLived = drain.Instances.Sum(instance => instance.LongLived);
        var unknown = drain.Instances.Any(instance => instance.Unknown is not null);
        return drain.Instances.IsEmpty ? "nothing to drain"
            : unknown && requests + longLived == 0 ? "requests in flight unknown"
            : $"{(unknown ? "at least " : "")}{Format.Plural(requests, "request")} and {Format.Plural(longLived, "long-lived connection")} open";
    }
}
