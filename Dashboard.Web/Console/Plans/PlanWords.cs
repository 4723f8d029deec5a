using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Plans;

/// <summary>Plans in an operator's words.</summary>
internal static class PlanWords
{
    /// <summary>What it does: <c>Drain node n1 in waves</c>.</summary>
    public static string Title(PlanDefinition plan) => plan.Shift is { } shift
        ? $"Shift {plan.Selection.Service} from {shift.From} to {shift.To}"
        : $"{Verb(plan.Kind)} {What(plan.Selection)}";

    /// <summary>What a selection names: <c>node n1</c>, <c>4 instances of cart</c>.</summary>
    public static string What(PlanSelection selection)
    {
        if (selection.IsWholeNode)
            return $"node {selection.Node}";

        if (selection.Instances is [var only])
            return only.ToString();

        string?[] parts =
        [
            !selection.Instances.IsEmpty ? $"{selection.Instances.Length} instances" : null,
            selection.Service is { } service ? $"{(selection.Instances.IsEmpty ? "" : "of ")}{service}" : null,
            selection.Version is { } version ? $"version {version}" : null,
            selection.Zone is { } zone ? $"in zone {zone}" : null,
            selection.Node is { } node ? $"on {node}" : null,
        ];
        return string.Join(' ', parts.Where(part => part is not null));
    }

    public static string State(PlanState state) => state switch
    {
        PlanState.RolledBack => "Rolled back",
        _ => state.ToString(),
    };

    public static MeshState Mark(PlanView view) => view is { Plan.State: PlanState.Running, Alarm: true } ? MeshState.Unhealthy : Mark(view.Plan.State);

    public static MeshState Mark(PlanState state) => state switch
    {
        PlanState.Paused => MeshState.Degraded,
        PlanState.Running or PlanState.Scheduled => MeshState.UnderWay,
        PlanState.Completed => MeshState.Healthy,
        _ => MeshState.Ended,
    };

    /// <summary>A watched figure as it is read: errors and slow parts in percent, a p95 in milliseconds.</summary>
    public static string Figure(WatchReading reading, double? value, bool isShift) => reading.Figure == WatchedFigure.Errors || isShift ? Format.Percent(value) : Format.Milliseconds(value);

    public static string Name(WatchReading reading, bool isShift) => reading.Figure == WatchedFigure.Errors ? "errors" : isShift ? "slower than the old p95" : "p95";

    public static (MeshState State, string Word) Verdict(WatchReading reading) => reading.Verdict switch
    {
        WatchVerdict.Fine => (MeshState.Healthy, "Within"),
        WatchVerdict.Exceeded => (MeshState.Unhealthy, "Above"),
        WatchVerdict.TooFew => (MeshState.Unknown, "Too few to tell"),
        _ => (MeshState.Unknown, "Nothing to compare with"),
    };

    public static (MeshState State, string Word) Target(PlanKind kind, TargetView target) => target.State switch
    {
        TargetState.Waiting => (MeshState.Unknown, "Waits"),
        TargetState.UnderWay => (kind == PlanKind.Drain ? MeshState.Draining : MeshState.UnderWay, kind == PlanKind.Drain ? "Draining" : "Under way"),
        TargetState.Done => (kind switch { PlanKind.Drain => MeshState.Drained, PlanKind.Maintenance => MeshState.Maintenance, _ => MeshState.Healthy }, "Done"),
        TargetState.Skipped => (MeshState.Ended, "Left alone"),
        _ => (MeshState.Degraded, "Put back"),
    };

    private static string Verb(PlanKind kind) => kind switch
    {
        PlanKind.Maintenance => "Maintain",
        _ => kind.ToString(),
    };
}
