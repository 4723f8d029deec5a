using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>
/// Carries out the next act of a plan and moves the plan, in one revision. It names the act that it expects to be next: asked twice, by a second console or after a restart, it does nothing.
/// An act that the guard refuses pauses the plan instead. The guard always looks at all that is left of the wave.
/// </summary>
/// <param name="Wave">The wave, from 0.</param>
/// <param name="Position">The act within it, from 0.</param>
public sealed record AdvancePlan(long Plan, int Wave, int Position) : OperatorCommand
{
    public override string Action => "plan.advance";

    public override string Target => $"plan:{Plan}";

    /// <summary>What is normal for its services; taken with the first act.</summary>
    public ImmutableArray<ServiceBaseline> Baselines { get; init; } = [];

    /// <summary>How the old version of a shift did in the step that is over; null = unknown.</summary>
    public VersionFigures? Reference { get; init; }

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        if (!snapshot.Plans.TryGetValue(Plan, out var plan) || !IsNext(plan, context))
            return Decision.Nothing();

        var asked = plan.Asked;
        if (!plan.Overridden && asked.Kind != PlanKind.Undrain && ServingGuard.Check(snapshot, PlanEffects.Of(snapshot, asked, plan.Weights, Wave, Position)) is { } guard)
        {
            return new Decision.Accepted([new PlanChange(plan.Id, plan, plan with
            {
                State = PlanState.Paused,
                Since = context.Now,
                Because = $"The guard refuses wave {Wave + 1}: {guard.Message}",
                By = context.Actor.Name,
                Revision = context.Revision,
            })]);
        }

        var next = plan with
        {
            State = PlanState.Running,
            Since = plan.State == PlanState.Scheduled ? context.Now : plan.Since,
            Because = null,
            Wave = Wave,
            Position = Position + 1,
            WaveStarts = Position == 0 ? plan.WaveStarts.Add(context.Now) : plan.WaveStarts,
            Baselines = plan.WaveStarts.IsEmpty && Position == 0 ? Baselines : plan.Baselines,
            Reference = Position == 0 ? Reference ?? plan.Reference : plan.Reference,
            Revision = context.Revision,
        };
        var wave = asked.Waves[Wave];
        return wave.Percent is { } percent ? Shift(snapshot, plan, next, percent, context)
            : wave.Node is { } node ? HandOver(snapshot, plan, next, node, context)
            : Act(snapshot, plan, next, wave.Targets[Position], context);
    }

    private bool IsNext(Plan plan, DecisionContext context)
    {
        if (plan.State != PlanState.Running && !(plan.State == PlanState.Scheduled && plan.Asked.StartAt <= context.Now))
            return false;

        return Wave < plan.Asked.Waves.Length
            && (plan.Wave == Wave
                ? plan.Position == Position && Position < plan.Asked.Waves[Wave].Acts
                : plan.Wave == Wave - 1 && Position == 0 && plan.Position == plan.Asked.Waves[plan.Wave].Acts);
    }

    private Decision.Accepted Act(RegistrySnapshot snapshot, Plan plan, Plan next, PlanTarget target, DecisionContext context)
    {
        // Somebody else decided about it since the plan was opened: that stands.
        if (!PlanEffects.IsAsExpected(snapshot, target))
            return new([new PlanChange(plan.Id, plan, next)]);

        var act = plan.Asked.Act;
        OperatorCommand command = plan.Asked.Kind switch
        {
            PlanKind.Drain => new DrainInstance(target.Key, act.Deadline, act.AtDeadline),
            PlanKind.Undrain => new UndrainInstance(target.Key, act.RampSeconds),
            _ => new SetMaintenance(target.Key, act.Lasts is { } lasts ? context.Now + lasts : act.Until),
        };
        return Carried(snapshot, plan, next, command, context);
    }

    private Decision.Accepted HandOver(RegistrySnapshot snapshot, Plan plan, Plan next, string node, DecisionContext context)
    {
        var act = plan.Asked.Act;
        var accepted = Carried(snapshot, plan, next, new DrainNode(node, act.Deadline, act.AtDeadline ?? DeadlineAction.Hold), context);
        // The host's intent covers its instances now; theirs would outlive its undrain.
        var own = plan.Asked.Keys
            .Where(key => snapshot.OperatorStateOf(key).Intent is { IsActive: false } intent && intent.Plan == plan.Id && snapshot.FindInstance(key)?.Registration.Node == node)
            .Select(key => (Key: key, State: snapshot.OperatorStates[key])).ToArray();
        return accepted with
        {
            Changes =
            [
                .. accepted.Changes,
                .. own.Select(mine => new OperatorChange(mine.Key, mine.State, mine.State with { Intent = Intent.Active, Revision = context.Revision })),
                .. own.SelectMany(mine => OpenOperations.ReplaceIntent(snapshot, mine.Key, OperationOutcome.Superseded, context)),
            ],
        };
    }

    // The act is the operator's who asked for the plan, and marked as the plan's.
    private Decision.Accepted Carried(RegistrySnapshot snapshot, Plan plan, Plan next, OperatorCommand command, DecisionContext context)
    {
        command = command with { Reason = plan.Asked.Reason, Followers = Followers, RequestedAt = context.Now };
        if (command.Decide(snapshot, context with { Actor = new(plan.Asked.Actor, ActorKind.System) }) is not Decision.Accepted accepted)
            return new([new PlanChange(plan.Id, plan, next)]);

        return accepted with
        {
            Changes =
            [
                .. accepted.Changes.Select(change => change switch
                {
                    OperatorChange { After: { } after } own => own with { After = after with { Intent = after.Intent with { Plan = plan.Id } } },
                    NodeChange { After: { } after } host => host with { After = after with { Intent = after.Intent with { Plan = plan.Id } } },
                    OperationChange { Before: null, After: { } opened } operation => operation with { After = opened with { Plan = plan.Id, Overridden = plan.Overridden } },
                    _ => change,
                }),
                new PlanChange(plan.Id, plan, next),
            ],
        };
    }

    private Decision.Accepted Shift(RegistrySnapshot snapshot, Plan plan, Plan next, int percent, DecisionContext context)
    {
        var weights = ShiftWeights.At(snapshot, plan.Asked.Selection.Service!, plan.Asked.Shift!, plan.Weights, percent);
        return Weigh(snapshot, plan, next with { Weights = weights }, this, context);
    }

    /// <summary>Sets the weights that the plan says in one operation.</summary>
    internal static Decision.Accepted Weigh(RegistrySnapshot snapshot, Plan plan, Plan next, OperatorCommand command, DecisionContext context)
    {
        var changes = next.Weights
            .Select(weight => (weight, before: snapshot.OperatorStates.GetValueOrDefault(weight.Key)))
            .Where(each => (each.before ?? OperatorState.None).Weight != each.weight.Set && snapshot.FindInstance(each.weight.Key) is not null)
            .Select(each => new OperatorChange(each.weight.Key, each.before, (each.before ?? OperatorState.None) with { Weight = each.weight.Set, Revision = context.Revision }))
            .ToArray();
        var moved = new PlanChange(plan.Id, plan, next);
        if (changes.Length == 0)
            return new([moved]);

        ImmutableArray<InstanceKey> keys = [.. changes.Select(change => change.Key)];
        var operation = new Operation
        {
            Id = context.Revision,
            Action = OpenOperations.Weights,
            Service = plan.Asked.Selection.Service,
            Instances = keys,
            Actor = plan.Asked.Actor,
            Reason = command.Reason ?? plan.Asked.Reason,
            RequestedAt = context.Now,
            CommittedAt = context.Now,
            Followers = command.Followers,
            Overridden = plan.Overridden,
            Plan = plan.Id,
        };
        return new([.. changes, .. OpenOperations.ReplaceWeights(snapshot, keys, context), new OperationChange(operation.Id, null, operation), moved], operation.Id);
    }
}

/// <summary>Gives instances of either version that registered since the last step of a shift their weight, so that the split is what the step says.</summary>
public sealed record BalancePlan(long Plan, int Wave) : OperatorCommand
{
    public override string Action => "plan.balance";

    public override string Target => $"plan:{Plan}";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        if (!snapshot.Plans.TryGetValue(Plan, out var plan) || plan.State != PlanState.Running || plan.Wave != Wave || plan.Position == 0
            || plan.Asked.Waves[Wave].Percent is not { } percent || !ShiftWeights.HasNewcomers(snapshot, plan))
            return Decision.Nothing();

        var weights = ShiftWeights.At(snapshot, plan.Asked.Selection.Service!, plan.Asked.Shift!, plan.Weights, percent);
        return AdvancePlan.Weigh(snapshot, plan, plan with { Weights = weights, Revision = context.Revision }, this, context);
    }
}
