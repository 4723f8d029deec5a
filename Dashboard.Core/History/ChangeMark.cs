using Dashboard.Core.Registry;

namespace Dashboard.Core.History;

/// <summary>A change, to be marked in a chart or on the line of time.</summary>
public sealed record ChangeMark(long Revision, DateTimeOffset At, string Action, string Target, string Actor, string? Reason)
{
    public static ChangeMark Of(RegistryChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new(change.Revision, change.At, change.Action, change.Target, change.Actor.Name, change.Reason);
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
