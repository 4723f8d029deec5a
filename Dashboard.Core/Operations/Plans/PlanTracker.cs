using System.Collections.Immutable;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Operations.Plans;

/// <summary>
/// Follows every open plan, publishes how each stands and says what is due: the next act, a pause, a return, the end. Decides nothing for good: what it says is a command that the registry checks
/// against the plan as it is then, so that several consoles may say it at once.
/// </summary>
public sealed class PlanTracker(IRegistry registry, OperationTracker operations, TrafficStore traffic, TimeProvider time)
{
    /// <summary>How long an ended plan stays on the board.</summary>
    public static readonly TimeSpan KeptAfterEnd = TimeSpan.FromMinutes(15);

    private readonly ThresholdJudge _thresholds = new(traffic);
    private readonly ShiftJudge _shifts = new(traffic);

    // Guards the memories: the loop and a page that asks for a fresh view must not meet in one.
    private readonly Lock _gate = new();
    private readonly Memories<PlanMemory> _memories = new();

    /// <summary>Every open plan and those that ended lately.</summary>
    public Feed<PlanBoard, PlanBoardUpdate> Feed { get; } = new(PlanBoard.Empty);

    /// <summary>How a plan stands: from the board, or freshly derived when it is too new or too old to be there.</summary>
    public PlanView ViewOf(Plan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Feed.Current.Find(plan.Id) is { } known && known.Plan.Equals(plan) ? known : Derive(plan, registry.Current, Operations(), time.GetUtcNow(), null).View;
    }

    /// <summary>Notes the plans that a change of the registry ended.</summary>
    internal void Note(RegistryUpdate update)
    {
        lock (_gate)
        {
            foreach (var change in update.Changes)
            {
                foreach (var entity in change.Changes)
                {
                    // A change that came from another console's log says nothing of the definition.
                    if (entity is PlanChange { After: { IsOpen: false } ended } plan && (ended.Definition ?? update.Before.Plans.GetValueOrDefault(plan.Id)?.Definition) is { } definition)
                        _memories.Of(plan.Id).Ended = ended with { Definition = definition };
                }
            }
        }
    }

    /// <summary>Looks at every plan, publishes what is new, and says what is to be done now.</summary>
    internal ImmutableArray<RegistryCommand> Step()
    {
        var now = time.GetUtcNow();
        var snapshot = registry.Current;
        var views = ImmutableSortedDictionary.CreateBuilder<long, PlanView>();
        var due = ImmutableArray.CreateBuilder<RegistryCommand>();
        lock (_gate)
        {
            _memories.Forget(snapshot, (id, memory) => !snapshot.Plans.ContainsKey(id) && (memory.Ended is not { } ended || ended.Since < now - KeptAfterEnd));
            if (snapshot.Plans.IsEmpty && _memories.Count == 0 && Feed.Current.Plans.IsEmpty)
                return [];

            var known = Operations();
            foreach (var plan in snapshot.Plans.Values)
            {
                var (view, commands) = Derive(plan, snapshot, known, now, _memories.Of(plan.Id));
                views[plan.Id] = view;
                due.AddRange(commands);
            }

            foreach (var (id, memory) in _memories.All)
            {
                if (memory.Ended is { } ended && !views.ContainsKey(id))
                    views[id] = Derive(ended, snapshot, known, now, memory).View;
            }
        }

        Publish(views.ToImmutable());
        return due.ToImmutable();
    }

    private (PlanView View, ImmutableArray<RegistryCommand> Due) Derive(Plan plan, RegistrySnapshot snapshot, KnownOperations known, DateTimeOffset now, PlanMemory? memory)
    {
        var waves = WaveObserver.Look(plan, snapshot, known.ByInstance, known.ByNode);
        var shift = plan is { IsOpen: true, Asked.Shift: not null, WaveStarts.IsEmpty: false } ? _shifts.Read(plan, snapshot, now) : null;
        var readings = shift?.Readings ?? (plan.IsOpen ? _thresholds.Read(plan, now) : []);
        var (status, due) = !plan.IsOpen ? (plan.Because ?? plan.State.ToString().ToLowerInvariant(), [])
            : plan.State == PlanState.Paused ? (plan.Because ?? "paused", ImmutableArray<RegistryCommand>.Empty)
            : plan.WaveStarts.IsEmpty ? First(plan, now)
            : plan.Asked.Shift is not null ? NextStep(plan, snapshot, shift!, now)
            : NextWave(plan, snapshot, waves[plan.Wave].Targets, readings, memory ?? new(), now);
        var targets = waves.SelectMany(wave => wave.Targets).ToArray();
        return (new()
        {
            Plan = plan,
            Waves = waves,
            Done = plan.Asked.Shift is null ? targets.Count(target => target.State is TargetState.Done or TargetState.Skipped) : waves.Count(wave => wave.State == StageState.Done),
            Total = plan.Asked.Shift is null ? targets.Length : waves.Length,
            Status = status,
            Readings = readings,
            HeldUntil = plan.State == PlanState.Running ? shift?.HeldUntil : null,
            Alarm = plan.State == PlanState.Paused || (plan.IsOpen && targets.Any(target => target.Alarm)),
        }, due);
    }

    private (string Status, ImmutableArray<RegistryCommand> Due) First(Plan plan, DateTimeOffset now) =>
        plan.State == PlanState.Scheduled && plan.Asked.StartAt > now
            ? ("waits for its time", [])
            : ("begins", Acts(plan, 0, 0, new AdvancePlan(plan.Id, 0, 0) { Baselines = _thresholds.Baselines(plan.Asked, now) }));

    private static (string Status, ImmutableArray<RegistryCommand> Due) NextWave(
        Plan plan, RegistrySnapshot snapshot, ImmutableArray<TargetView> targets, ImmutableArray<WatchReading> readings, PlanMemory memory, DateTimeOffset now)
    {
        if (readings.FirstOrDefault(reading => reading.Verdict == WatchVerdict.Exceeded) is { } exceeded)
            return ("pauses", [new PausePlan(plan.Id, $"{exceeded.Text}.", plan.Revision)]);

        if (targets.FirstOrDefault(target => target.State == TargetState.Returned) is { } returned)
            return ("pauses", [new PausePlan(plan.Id, $"{returned.Key} of wave {plan.Wave + 1} was put back into service.", plan.Revision)]);

        if (plan.Position < plan.Asked.Waves[plan.Wave].Acts)
            return ($"wave {plan.Wave + 1} begins", Acts(plan, plan.Wave, plan.Position));

        if (memory.Wave != plan.Wave)
            (memory.Wave, memory.DoneSince) = (plan.Wave, null);

        if (!WaveObserver.IsDone(plan, targets, snapshot))
        {
            memory.DoneSince = null;
            return (Waiting(plan, targets), []);
        }

        var settled = (memory.DoneSince ??= now) + plan.Asked.Pace.Settle;
        if (now < settled)
            return ($"wave {plan.Wave + 1} is through and watched for {plan.Asked.Pace.Settle.TotalSeconds:0} s", []);

        return plan.IsThrough
            ? ("ends", [new CompletePlan(plan.Id, plan.Asked.Waves.Length == 1 ? "done" : $"all {plan.Asked.Waves.Length} waves are through", plan.Revision)])
            : ($"wave {plan.Wave + 2} begins", Acts(plan, plan.Wave + 1, 0));
    }

    private (string Status, ImmutableArray<RegistryCommand> Due) NextStep(Plan plan, RegistrySnapshot snapshot, ShiftReading reading, DateTimeOffset now)
    {
        var shift = plan.Asked.Shift!;
        if (reading.Verdict == WatchVerdict.Exceeded)
        {
            var why = string.Join("; ", reading.Readings.Where(each => each.Verdict == WatchVerdict.Exceeded).Select(each => each.Text));
            return ("returns", [new RollBackPlan(plan) { Because = $"Returned by itself: {why}.", IfRevision = plan.Revision }]);
        }

        if (plan.Weights.FirstOrDefault(weight => snapshot.OperatorStateOf(weight.Key) is var state && state.Weight != weight.Set && state.Revision > plan.Revision && snapshot.FindInstance(weight.Key) is not null) is { } foreign)
            return ("pauses", [new PausePlan(plan.Id, $"The weight of {foreign.Key} was changed by somebody else. Resumed, the next step sets it again.", plan.Revision)]);

        if (ShiftWeights.HasNewcomers(snapshot, plan))
            return ("weighs what has registered", [new BalancePlan(plan.Id, plan.Wave)]);

        var percent = plan.Asked.Waves[plan.Wave].Percent;
        if (reading.Looks < ShiftJudge.Looks)
            return ($"{percent} % on {shift.To}, held and watched", []);

        if (reading.Verdict == WatchVerdict.TooFew && plan.Since <= plan.WaveSince)
        {
            var text = reading.Readings.First(each => each.Verdict == WatchVerdict.TooFew).Text;
            return reading.Looks < ShiftJudge.Looks * ShiftJudge.PatienceInHolds
                ? ($"held for longer: {text}", [])
                : ("pauses", [new PausePlan(plan.Id, $"Too little traffic to judge {shift.To} at {percent} %: {text}. Resumed, it goes on without that proof.", plan.Revision)]);
        }

        return plan.IsThrough
            ? ("ends", [new CompletePlan(plan.Id, $"{percent} % of the traffic goes to {shift.To}", plan.Revision)])
            : ("next step", [new AdvancePlan(plan.Id, plan.Wave + 1, 0) { Reference = _shifts.Reference(plan, snapshot, now) }]);
    }

    // All that is left of a wave at once: each names its place, so one that comes to nothing leaves the rest without effect.
    private static ImmutableArray<RegistryCommand> Acts(Plan plan, int wave, int from, AdvancePlan? first = null) =>
        [.. Enumerable.Range(from, plan.Asked.Waves[wave].Acts - from).Select(position => position == from && first is not null ? first : new AdvancePlan(plan.Id, wave, position))];

    private static string Waiting(Plan plan, ImmutableArray<TargetView> targets)
    {
        var open = targets.Where(target => target.State == TargetState.UnderWay).ToArray();
        return open.Length == 0 ? $"wave {plan.Wave + 1} waits for {plan.Asked.Waves[plan.Wave].Node ?? "its operations"}"
            : $"wave {plan.Wave + 1} waits for {open[0].Key}{(open.Length > 1 ? $" and {open.Length - 1} more" : "")}: {open[0].Text}";
    }

    private KnownOperations Operations()
    {
        var views = operations.Feed.Current.Operations.Values.Where(view => view.Operation.Plan is not null).OrderByDescending(view => view.Id).ToArray();
        return new(
            views.SelectMany(view => view.Operation.Instances.Select(key => (key, view))).ToLookup(each => each.key, each => each.view),
            views.Where(view => view.Operation.Node is not null).ToLookup(view => view.Operation.Node!, StringComparer.Ordinal));
    }

    private void Publish(ImmutableSortedDictionary<long, PlanView> views)
    {
        var step = BoardStep<PlanView>.Between(Feed.Current.Plans, views);
        if (step.IsEmpty)
            return;

        var board = new PlanBoard(views);
        Feed.Publish(board, new(board, step.Changed, step.Removed));
    }

    private sealed record KnownOperations(ILookup<InstanceKey, OperationView> ByInstance, ILookup<string, OperationView> ByNode);
}
