using Dashboard.Core.Registry;

namespace Dashboard.Core.History;

/// <summary>A change, to be marked in a chart or on the line of time.</summary>
public sealed record ChangeMark(long Revision, DateTimeOffset At, string Action, string Target, string Actor, string? Reason)
{
    public static ChangeMark Of(RegistryChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new(change.Revision, change.At, change.Action, change.Target, change.Actor.Name, change.Reason) { Kind = KindOf(change) };
    }

    public MarkKind Kind { get; init; }

    /// <summary>What kind of thing a change is. Of several it is the one that must not be overlooked.</summary>
    public static MarkKind KindOf(RegistryChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (change.Changes.Any(entity => entity is PlanChange one && one.Before?.State != one.After?.State))
            return MarkKind.Plan;

        var kind = change.Changes.Select(entity => entity switch
        {
            BrakeChange or WithholdingChange => MarkKind.Brake,
            // The waves of plans, and what ends by its own deadline, are what operators asked for. A ramp has many small steps.
            OperatorChange or NodeChange when change.Action != "instance.ramp" => MarkKind.Act,
            HealthChange { After.Status: HealthStatus.Unhealthy } one when one.Before?.Status != HealthStatus.Unhealthy => MarkKind.Lost,
            HealthChange { Before.Status: HealthStatus.Unhealthy, After.Status: HealthStatus.Healthy or HealthStatus.Degraded } => MarkKind.Recovered,
            InstanceChange { After: null } => change.Action == "instance.remove" ? MarkKind.Lost : MarkKind.Left,
            InstanceChange one when one.Before?.Registration.Version != one.After?.Registration.Version || one.Before is null => MarkKind.Joined,
            _ => MarkKind.Other,
        }).DefaultIfEmpty(MarkKind.Other).Max();

        return change.Actor.Kind == ActorKind.Operator || change.Action is "drain.complete" or "drain.force" ? MarkKind.Act : kind;
    }

    /// <summary>Whether a change that the log lists under a service could move its traffic. A registration that only repeats itself cannot.</summary>
    public static bool Matters(RegistryChange change, string service)
    {
        ArgumentNullException.ThrowIfNull(change);
        return change.Changes.Any(entity => entity switch
        {
            ServiceChange { Before: not null } one => one.Name == service,
            BrakeChange one => one.Service == service,
            InstanceChange one => one.Key.Service == service && (one.Before is null || one.After is null),
            HealthChange { Before: not null } one => one.Key.Service == service,
            OperatorChange one => one.Key.Service == service,
            NodeChange => true,
            // A plan's start, pause, end and roll-back; its acts are marked by what they change.
            PlanChange one => one.Before?.State != one.After?.State && ((one.After ?? one.Before)?.Definition?.Services.Contains(service) ?? true),
            _ => false,
        });
    }
}
