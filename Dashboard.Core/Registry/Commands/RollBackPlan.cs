using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>
/// Takes back what a plan did, and only that: an intent that carries the plan's mark, a weight that is still what the plan set. What somebody else decided since stays. Works on a plan that is
/// open and on one that has ended; undoing the change that opened a plan is this. Where it takes traffic away (an undrain rolled back) the guard binds it.
/// </summary>
/// <param name="Known">The plan as it was last seen; a newer one in the registry takes its place.</param>
public sealed record RollBackPlan(Plan Known) : OperatorCommand
{
    public override string Action => "plan.rollback";

    public override string Target => $"plan:{Known.Id}";

    /// <summary>Why it is taken back by itself; null = an operator asks.</summary>
    public string? Because { get; init; }

    /// <summary>Only while the plan is as it was at this revision; null = in any case.</summary>
    public long? IfRevision { get; init; }

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        var isOpen = snapshot.Plans.TryGetValue(Known.Id, out var current);
        var plan = current ?? Known;
        if (IfRevision is { } seen && (!isOpen || plan.Revision != seen))
            return Decision.Nothing();

        if (!isOpen && Known.IsOpen)
            return Decision.Refuse(RefusalKind.Conflict, $"Plan {plan.Id} has ended meanwhile: look at it again.");

        if (plan.State == PlanState.RolledBack)
            return Decision.Refuse(RefusalKind.Conflict, $"Plan {plan.Id} is rolled back already.");

        var changes = plan.Asked.Kind == PlanKind.WeightShift ? Weights(snapshot, plan, context) : Intents(snapshot, plan, context);
        var node = plan.Asked.Waves[^1].Node is { } name && snapshot.Nodes.GetValueOrDefault(name)?.State is { Intent.IsActive: false } host && host.Intent.Plan == plan.Id
            ? new NodeChange(name, host, new(Intent.Active, context.Revision))
            : null;
        if (!plan.IsOpen && changes.Length == 0 && node is null)
            return Decision.Refuse(RefusalKind.Conflict, $"Nothing that plan {plan.Id} did is left to take back.");

        EntityChange[] all = node is null ? [.. changes] : [.. changes, node];
        if (Guarded(snapshot, all, context, out var overridden) is { } guard)
            return new Decision.Refused(guard);

        if (Because is not null && ServingGuard.Check(snapshot, all) is { } unsafeNow)
            return PlanSteering.To(plan, PlanState.Paused, $"{Because} It could not be taken back by itself: {unsafeNow.Message}", context);

        var next = new PlanChange(plan.Id, plan, plan with
        {
            State = PlanState.RolledBack,
            Since = context.Now,
            Because = Because ?? $"rolled back by {context.Actor.Name}",
            By = context.Actor.Name,
            Revision = context.Revision,
        });
        return all.Length == 0 ? new Decision.Accepted([next]) : Undo(snapshot, plan, changes, node, next, overridden, context);
    }

    private Decision.Accepted Undo(RegistrySnapshot snapshot, Plan plan, OperatorChange[] changes, NodeChange? node, PlanChange next, bool overridden, DecisionContext context)
    {
        ImmutableArray<InstanceKey> keys = [.. changes.Select(change => change.Key)];
        ImmutableArray<InstanceKey> hosted = node is null ? [] : [.. snapshot.Nodes[node.Name].Instances.Union(keys).OrderBy(key => key.ToString(), StringComparer.Ordinal)];
        var services = keys.Select(key => key.Service).Distinct().ToArray();
        var action = plan.Asked.Kind == PlanKind.WeightShift ? OpenOperations.Weights
            : node is not null ? OpenOperations.NodeUndrain
            : plan.Asked.Kind == PlanKind.Undrain ? OpenOperations.Maintenance
            : OpenOperations.Undrain;
        var operation = Open(context, action, node is null && services is [var only] ? only : null, node?.Name, node is null ? keys : hosted, overridden) with
        {
            Plan = plan.Id,
            Undoes = plan.Id,
            Reason = Reason ?? Because,
        };
        var replaced = plan.Asked.Kind == PlanKind.WeightShift
            ? OpenOperations.ReplaceWeights(snapshot, keys, context)
            : keys.SelectMany(key => OpenOperations.ReplaceIntent(snapshot, key, OperationOutcome.Cancelled, context));
        if (node is not null)
            replaced = replaced.Concat(OpenOperations.ReplaceNode(snapshot, node.Name, OperationOutcome.Cancelled, context));

        return new(
            [.. changes, .. node is null ? Array.Empty<EntityChange>() : [node], .. replaced.DistinctBy(change => change.Id), new OperationChange(operation.Id, null, operation), next],
            operation.Id);
    }

    private static OperatorChange[] Weights(RegistrySnapshot snapshot, Plan plan, DecisionContext context) =>
    [
        .. plan.Weights.Where(weight => weight.Before != weight.Set && snapshot.OperatorStates.GetValueOrDefault(weight.Key)?.Weight == weight.Set && snapshot.OperatorStates.ContainsKey(weight.Key))
            .Select(weight => (weight, state: snapshot.OperatorStates[weight.Key]))
            .Select(each => new OperatorChange(each.weight.Key, each.state, each.state with { Weight = each.weight.Before, Revision = context.Revision })),
    ];

    private static OperatorChange[] Intents(RegistrySnapshot snapshot, Plan plan, DecisionContext context) =>
    [
        .. plan.Asked.Waves.SelectMany(wave => wave.Targets)
            .Select(target => (target, state: snapshot.OperatorStates.GetValueOrDefault(target.Key)))
            .Where(each => each.state is not null && each.state.Intent.Plan == plan.Id)
            .Select(each => new OperatorChange(each.target.Key, each.state, each.state! with { Intent = each.target.Before ?? Intent.Active, Ramp = null, Revision = context.Revision })),
    ];
}
