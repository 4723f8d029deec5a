using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>Stops a plan from going on until it is resumed. What it did stays, and drains under way go on.</summary>
/// <param name="IfRevision">Only while the plan is as it was at this revision; null = in any case.</param>
public sealed record PausePlan(long Plan, string Because, long? IfRevision = null) : RegistryCommand
{
    public override string Action => "plan.pause";

    public override string Target => $"plan:{Plan}";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        if (!snapshot.Plans.TryGetValue(Plan, out var plan))
            return IfRevision is null ? PlanSteering.NotOpen(Plan) : Decision.Nothing();

        if (plan.State == PlanState.Paused || (IfRevision is { } seen && plan.Revision != seen))
            return Decision.Nothing();

        return PlanSteering.To(plan, PlanState.Paused, Because, context);
    }
}

/// <summary>Lets a paused plan go on, judged by the traffic from now on; lets a scheduled one begin at once.</summary>
public sealed record ResumePlan(long Plan) : OperatorCommand
{
    public override string Action => "plan.resume";

    public override string Target => $"plan:{Plan}";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        if (!snapshot.Plans.TryGetValue(Plan, out var plan))
            return PlanSteering.NotOpen(Plan);

        if (plan.State == PlanState.Running)
            return Decision.Nothing();

        var (wave, position) = plan.Position < plan.Asked.Waves[plan.Wave].Acts ? (plan.Wave, plan.Position) : (plan.Wave + 1, 0);
        var overridden = plan.Overridden;
        // Refused now rather than a second later, by pausing again.
        if (!overridden && plan.Asked.Kind != PlanKind.Undrain && wave < plan.Asked.Waves.Length
            && Guarded(snapshot, PlanEffects.Of(snapshot, plan.Asked, plan.Weights, wave, position), context, out overridden) is { } guard)
            return new Decision.Refused(guard);

        return new Decision.Accepted([new PlanChange(plan.Id, plan, plan with
        {
            State = PlanState.Running,
            Since = context.Now,
            Because = null,
            By = context.Actor.Name,
            Overridden = overridden,
            Revision = context.Revision,
        })]);
    }
}

/// <summary>Ends a plan where it is. What it did stays.</summary>
public sealed record CancelPlan(long Plan) : RegistryCommand
{
    public override string Action => "plan.cancel";

    public override string Target => $"plan:{Plan}";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        return snapshot.Plans.TryGetValue(Plan, out var plan)
            ? PlanSteering.To(plan, PlanState.Cancelled, $"cancelled by {context.Actor.Name}; what it did stays", context)
            : PlanSteering.NotOpen(Plan);
    }
}

/// <summary>Records that every wave of a plan is through.</summary>
public sealed record CompletePlan(long Plan, string Because, long IfRevision) : RegistryCommand
{
    public override string Action => "plan.complete";

    public override string Target => $"plan:{Plan}";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        return snapshot.Plans.TryGetValue(Plan, out var plan) && plan is { State: PlanState.Running, IsThrough: true } && plan.Revision == IfRevision
            ? PlanSteering.To(plan, PlanState.Completed, Because, context)
            : Decision.Nothing();
    }
}

internal static class PlanSteering
{
    public static Decision NotOpen(long plan) => Decision.Refuse(RefusalKind.NotFound, $"Plan {plan} is not open.");

    public static Decision.Accepted To(Plan plan, PlanState state, string because, DecisionContext context) => new([new PlanChange(plan.Id, plan, plan with
    {
        State = state,
        Since = context.Now,
        Because = because,
        By = context.Actor.Name,
        Revision = context.Revision,
    })]);
}
