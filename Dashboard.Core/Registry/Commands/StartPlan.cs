using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>
/// Opens a plan: resolves its targets and splits them into waves. Nothing of the traffic changes before its first wave. The guard looks at where the plan ends, so that one that cannot
/// be carried through is refused before it begins; an override holds for the whole plan.
/// </summary>
public sealed record StartPlan(PlanKind Kind, PlanSelection Selection) : OperatorCommand
{
    public const int MaxTargets = 5_000;

    public override string Action => "plan.start";

    public override string Target => Selection.Target;

    public PlanPace Pace { get; init; } = PlanPace.Default;

    public PlanThresholds Thresholds { get; init; } = PlanThresholds.Default;

    public PlanAct Act { get; init; } = PlanAct.Default;

    /// <summary>When it begins; null = at once.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Weight shifts only.</summary>
    public ShiftSettings? Shift { get; init; }

    /// <summary>Weight shifts: the new version's parts in percent, rising; empty = 5, 25, 50, 100.</summary>
    public ImmutableArray<int> Steps { get; init; } = [];

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        if (Unknown(snapshot) is { } unknown)
            return new Decision.Refused(unknown);

        if (StartAt <= context.Now)
            return Decision.Refuse(RefusalKind.Conflict, "startAt lies in the past.");

        if (Act.Until <= (StartAt ?? context.Now))
            return Decision.Refuse(RefusalKind.Conflict, "until lies before the start.");

        var (waves, refusal) = Kind == PlanKind.WeightShift ? StepsOf(snapshot) : WavesOf(snapshot);
        if (refusal is not null)
            return new Decision.Refused(refusal);

        var definition = new PlanDefinition
        {
            Kind = Kind,
            Selection = Selection,
            Actor = context.Actor.Name,
            Reason = Reason,
            RequestedAt = RequestedAt ?? context.Now,
            CommittedAt = context.Now,
            StartAt = StartAt,
            Waves = waves,
            Pace = Pace,
            Thresholds = Thresholds,
            Act = Act,
            Shift = Shift,
            Services = [.. waves.SelectMany(wave => wave.Targets).Select(target => target.Key.Service).Distinct().Order(StringComparer.Ordinal)],
        };
        if (StaleRefusal(snapshot, definition.Keys) is { } stale)
            return new Decision.Refused(stale);

        if (Collision(snapshot, definition) is { } taken)
            return new Decision.Refused(taken);

        if (Guarded(snapshot, EndOf(snapshot, definition), context, out var overridden) is { } guard)
            return new Decision.Refused(guard);

        var plan = new Plan
        {
            Id = context.Revision,
            Definition = definition,
            State = StartAt is null ? PlanState.Running : PlanState.Scheduled,
            Since = context.Now,
            By = context.Actor.Name,
            Overridden = overridden,
            Revision = context.Revision,
        };
        return new Decision.Accepted([new PlanChange(plan.Id, null, plan)]);
    }

    /// <summary>What the whole plan comes to.</summary>
    public static ImmutableArray<EntityChange> EndOf(RegistrySnapshot snapshot, PlanDefinition plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Kind == PlanKind.WeightShift
            ? PlanEffects.Of(snapshot, plan, [], plan.Waves.Length - 1)
            : [.. Enumerable.Range(0, plan.Waves.Length).SelectMany(wave => PlanEffects.Of(snapshot, plan, [], wave))];
    }

    private Refusal? Unknown(RegistrySnapshot snapshot)
    {
        if (Selection.Service is { } service && !snapshot.Services.ContainsKey(service))
            return new(RefusalKind.NotFound, $"There is no service {service}.");

        if (Selection.Node is { } node && !snapshot.Nodes.ContainsKey(node))
            return new(RefusalKind.NotFound, $"There is no node {node}.");

        var missing = Selection.Instances.Where(key => snapshot.FindInstance(key) is null).Select(key => key.ToString()).ToArray();
        return missing.Length == 0 ? null
            : new(RefusalKind.NotFound, $"Not registered: {string.Join(", ", missing.Take(5))}{(missing.Length > 5 ? $" and {missing.Length - 5} more" : "")}.", new Dictionary<string, object?> { ["instances"] = missing });
    }

    private (ImmutableArray<PlanWave> Waves, Refusal? Refusal) WavesOf(RegistrySnapshot snapshot)
    {
        var wholeNode = Kind == PlanKind.Drain && Selection.IsWholeNode;
        if (wholeNode && snapshot.Nodes[Selection.Node!].Intent is { IsActive: false } intent)
            return ([], new(RefusalKind.Conflict, $"Node {Selection.Node} is {intent.Kind.ToString().ToLowerInvariant()} already."));

        var targets = PlanWaves.Targets(snapshot, Kind, Selection);
        if (targets.IsEmpty && !wholeNode)
            return ([], new(RefusalKind.Conflict, Kind == PlanKind.Undrain ? "Nothing that matches is drained or in maintenance by an intent of its own." : "Nothing that matches is active: there is nothing to do."));

        if (targets.Length > MaxTargets)
            return ([], new(RefusalKind.Conflict, $"{targets.Length} instances match; a plan takes at most {MaxTargets}."));

        var waves = PlanWaves.Split(snapshot, Kind, targets, Pace);
        return (wholeNode ? waves.Add(new() { Node = Selection.Node }) : waves, null);
    }

    private (ImmutableArray<PlanWave> Steps, Refusal? Refusal) StepsOf(RegistrySnapshot snapshot)
    {
        if (Shift is not { } shift || Selection.Service is not { } name)
            return ([], new(RefusalKind.Conflict, "A weight shift needs a service and two versions."));

        var service = snapshot.Services[name];
        if (service.Settings.Policy == BalancingPolicy.RoundRobin)
            return ([], new(RefusalKind.Conflict, $"{name} is balanced by roundRobin, which ignores weights: choose another policy first."));

        var versions = service.Instances.Values.Select(instance => instance.Registration.Version).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToArray();
        if (shift.From == shift.To || !versions.Contains(shift.From) || !versions.Contains(shift.To))
        {
            return ([], new(
                RefusalKind.Conflict,
                shift.From == shift.To ? "The two versions must differ." : $"No instance of {name} has version {(versions.Contains(shift.From) ? shift.To : shift.From)}; there are {(versions.Length == 0 ? "none" : string.Join(", ", versions))}.",
                new Dictionary<string, object?> { ["versions"] = versions }));
        }

        if (Open(snapshot).FirstOrDefault(plan => plan.Asked.Shift is not null && plan.Asked.Selection.Service == name) is { } other)
            return ([], Taken(other, name));

        ImmutableArray<PlanTarget> targets = [.. service.Instances.Values.Where(instance => instance.Registration.Version is { } version && (version == shift.From || version == shift.To)).Select(instance => new PlanTarget(instance.Key))];
        var steps = Steps.IsDefaultOrEmpty ? ShiftSettings.DefaultSteps : Steps;
        return ([.. steps.Select(percent => new PlanWave { Percent = percent, Targets = targets })], null);
    }

    private static Refusal? Collision(RegistrySnapshot snapshot, PlanDefinition asked)
    {
        if (asked.Kind == PlanKind.WeightShift)
            return null;

        var keys = asked.Keys.ToHashSet();
        foreach (var plan in Open(snapshot).Where(plan => plan.Asked.Kind != PlanKind.WeightShift))
        {
            if (plan.Asked.Waves.Skip(plan.Wave).SelectMany(wave => wave.Targets).FirstOrDefault(target => keys.Contains(target.Key)) is { Key.Id: not null } common)
                return Taken(plan, common.Key.ToString());

            if (plan.Asked.Selection.IsWholeNode && asked.Selection.IsWholeNode && plan.Asked.Selection.Node == asked.Selection.Node)
                return Taken(plan, $"node {asked.Selection.Node}");
        }

        return null;
    }

    private static IEnumerable<Plan> Open(RegistrySnapshot snapshot) => snapshot.Plans.Values.OrderBy(plan => plan.Id);

    private static Refusal Taken(Plan plan, string what) => new(
        RefusalKind.Conflict,
        $"Plan {plan.Id} by {plan.Asked.Actor} is still about {what}: cancel or roll it back first.",
        new Dictionary<string, object?> { ["plan"] = plan.Id, ["target"] = what });
}
