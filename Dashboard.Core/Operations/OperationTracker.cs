using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Operations;

/// <summary>Follows every open operation to its end and publishes how each stands.</summary>
public sealed class OperationTracker
{
    /// <summary>How long a closed operation stays on the board.</summary>
    public static readonly TimeSpan KeptAfterClose = TimeSpan.FromMinutes(15);

    /// <summary>An operation whose effect could not be proved within this time is closed as unproven. Drains have their deadline instead.</summary>
    public static readonly TimeSpan ProofTime = TimeSpan.FromMinutes(15);

    private readonly IRegistry _registry;
    private readonly IServingSource _source;
    private readonly FollowerTable _followers;
    private readonly EffectObserver _effects;
    private readonly DrainObserver _drains;
    private readonly TimeProvider _time;

    // Guards the memories: the loop and a page that asks for a fresh view must not meet in one.
    private readonly Lock _gate = new();
    private readonly Memories<OperationMemory> _memories = new();

    public OperationTracker(IRegistry registry, IServingSource source, FollowerTable followers, TrafficStore traffic, TimeProvider time)
    {
        _registry = registry;
        _source = source;
        _followers = followers;
        _effects = new(traffic);
        _drains = new(traffic, followers, time);
        _time = time;
    }

    /// <summary>Every open operation and those that closed lately.</summary>
    public Feed<OperationBoard, OperationBoardUpdate> Feed { get; } = new(OperationBoard.Empty);

    /// <summary>How an operation stands: from the board, freshly derived when it is too new to be there, or from its record when it closed long ago.</summary>
    public OperationView ViewOf(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        if (Feed.Current.Find(operation.Id) is { } known && known.Operation.Equals(operation))
            return known;

        lock (_gate)
        {
            var memory = _memories.Find(operation.Id);
            if (memory is not null || operation.IsOpen)
                return Derive(operation, _registry.Current, memory ?? new(), _time.GetUtcNow());
        }

        return new()
        {
            Operation = operation,
            Acknowledged = 0,
            Followers = operation.Followers.Length,
            BackAt = OperationNames.BackAt(operation, _registry.Current),
            Stages = StageLine.Remembered(operation),
        };
    }

    /// <summary>Notes the operations that a change of the registry closed.</summary>
    internal void Note(RegistryUpdate update)
    {
        lock (_gate)
        {
            foreach (var change in update.Changes)
            {
                foreach (var entity in change.Changes)
                {
                    if (entity is OperationChange { After: { IsOpen: false } closed })
                        _memories.Of(closed.Id).Closed = closed;
                }
            }
        }
    }

    /// <summary>Looks at every operation, publishes what is new, and says what is to be done now.</summary>
    internal ImmutableArray<RegistryCommand> Step()
    {
        var now = _time.GetUtcNow();
        var snapshot = _registry.Current;
        var views = ImmutableSortedDictionary.CreateBuilder<long, OperationView>();
        var due = ImmutableArray.CreateBuilder<RegistryCommand>();
        lock (_gate)
        {
            _memories.Forget(snapshot, (id, memory) => !snapshot.Operations.ContainsKey(id) && (memory.Closed is not { ClosedAt: { } closed } || closed < now - KeptAfterClose));
            foreach (var operation in snapshot.Operations.Values)
            {
                var memory = _memories.Of(operation.Id);
                var view = Derive(operation, snapshot, memory, now);
                views[operation.Id] = view;
                if (Due(view, snapshot, memory, now) is { } command)
                    due.Add(command);
            }

            foreach (var (id, memory) in _memories.All)
            {
                if (memory.Closed is { } closed && !views.ContainsKey(id))
                    views[id] = Derive(closed, snapshot, memory, now);
            }
        }

        Publish(views.ToImmutable());
        return due.ToImmutable();
    }

    /// <summary>True while an open operation waits for an acknowledgement.</summary>
    internal bool WaitsForAcknowledgements => Feed.Current.Operations.Values.Any(view => view.IsOpen && !view.Laggards.IsEmpty);

    private OperationView Derive(Operation operation, RegistrySnapshot snapshot, OperationMemory memory, DateTimeOffset now)
    {
        if (memory.PublishedAt is null && _source.Feed.Current is { } catalog && catalog.Generation == snapshot.Generation && catalog.Revision >= operation.Id)
            memory.PublishedAt = now;

        var laggards = Laggards(operation, snapshot, memory, now);
        if (!laggards.IsEmpty)
            memory.AllAcknowledgedAt = null;
        else if (memory.PublishedAt is not null)
            memory.AllAcknowledgedAt ??= memory.AcknowledgedAt.Values.Append(memory.PublishedAt.Value).Max();

        var drain = operation.IsOpen && OperationNames.IsDrain(operation)
            ? _drains.Observe(operation, snapshot, memory, [.. laggards.Select(laggard => laggard.Id)], now)
            : null;
        var effect = operation.IsOpen ? _effects.Observe(operation, snapshot, memory, now) : null;
        var cannotConfirm = operation.IsOpen ? _followers.CountUnconfirming([.. operation.Instances.Select(key => key.Service).Distinct(StringComparer.Ordinal)]) : 0;
        var stages = StageLine.Derive(operation, memory, laggards, cannotConfirm, drain, effect, now);
        return new()
        {
            Operation = operation,
            Stages = stages,
            Acknowledged = operation.Followers.Length - laggards.Length,
            Followers = operation.Followers.Length,
            CannotConfirm = cannotConfirm,
            Laggards = laggards,
            Drain = drain,
            BackAt = OperationNames.BackAt(operation, snapshot),
            Observed = effect?.Targets ?? [],
            Alarm = operation.IsOpen && (drain is { Alarm: true } || memory.Disagreements >= EffectObserver.WindowsToDisagree || laggards.Any(laggard => laggard.Refusal is not null)),
        };
    }

    private ImmutableArray<Laggard> Laggards(Operation operation, RegistrySnapshot snapshot, OperationMemory memory, DateTimeOffset now)
    {
        var services = operation.Instances.Select(key => key.Service).Distinct(StringComparer.Ordinal).ToArray();
        var laggards = ImmutableArray.CreateBuilder<Laggard>();
        foreach (var id in operation.Followers)
        {
            if (memory.AcknowledgedAt.ContainsKey(id))
                continue;

            var follower = _followers.Find(id);
            if (follower is not null && services.Where(follower.Follows).All(service => follower.AcknowledgedOf(service, snapshot.Generation) >= operation.Id))
                memory.AcknowledgedAt[id] = follower.AcknowledgedAt is { } at && at >= operation.CommittedAt ? at : now;
            else
                laggards.Add(new(
                    id,
                    follower?.Kind,
                    follower?.Address,
                    follower?.Connected ?? false,
                    follower?.Generation == snapshot.Generation ? follower.Acknowledged : 0,
                    follower?.LastSeen,
                    follower?.RefusedRevision >= operation.Id ? follower.LastRefusal : null));
        }

        return laggards.ToImmutable();
    }

    private static RegistryCommand? Due(OperationView view, RegistrySnapshot snapshot, OperationMemory memory, DateTimeOffset now)
    {
        var operation = view.Operation;
        var target = OperationNames.TargetOf(operation);
        if (view.Drain is { } drain)
            return DueOfDrain(operation, drain, target, snapshot, now);

        var observed = view.Stages[^1];
        if (observed is { Kind: StageKind.Observed, State: StageState.Done })
            return new CloseOperation(operation.Id, OperationOutcome.Completed, observed.Text) { TargetName = target };

        // Started anew after a restart: the commit may be long ago, but the proof has had no chance yet.
        var since = memory.AllAcknowledgedAt is { } at && at > operation.CommittedAt ? at : operation.CommittedAt;
        return now - since < ProofTime ? null
            : !view.Observed.IsEmpty && view.Observed.All(seen => seen.Agrees == true) ? new CloseOperation(operation.Id, OperationOutcome.Completed, observed.Text) { TargetName = target }
            : new CloseOperation(operation.Id, OperationOutcome.Unproven, view.Laggards.IsEmpty ? observed.Text : $"not acknowledged: {view.Stages[3].Text}") { TargetName = target };
    }

    private static RegistryCommand? DueOfDrain(Operation operation, DrainView drain, string target, RegistrySnapshot snapshot, DateTimeOffset now)
    {
        if (!IsDraining(operation, snapshot))
            return new CloseOperation(operation.Id, OperationOutcome.Superseded, "nothing of it is draining any more") { TargetName = target };

        if (drain.ZeroSince is { } since && now - since >= DrainObserver.IdleTime)
            return new CompleteDrain(operation.Id, Forced: false, "known to be idle for 10 s") { TargetName = target };

        if (operation.Deadline is null || operation.Deadline > now)
            return null;

        var open = drain.Instances.Sum(instance => instance.Requests + instance.LongLived);
        var state = drain.Instances.Any(instance => instance.Unknown is not null) ? $"at least {open} in flight" : $"{open} in flight";
        return drain.AtDeadline switch
        {
            DeadlineAction.Force => new CompleteDrain(operation.Id, Forced: true, $"deadline passed with {state}") { TargetName = target, Deadline = operation.Deadline },
            DeadlineAction.Undrain => OperationNames.Cancelling(operation) is { } undrain ? undrain with { Reason = $"deadline of drain {operation.Id} passed with {state}", ExpectedRevision = snapshot.Revision } : null,
            _ => null,
        };
    }

    private static bool IsDraining(Operation operation, RegistrySnapshot snapshot) => operation.Node is { } node
        ? snapshot.Nodes.GetValueOrDefault(node)?.Intent.Kind == IntentKind.Draining
        : operation.Instances.Any(key => snapshot.OperatorStateOf(key).Intent.Kind == IntentKind.Draining);

    private void Publish(ImmutableSortedDictionary<long, OperationView> views)
    {
        var step = BoardStep<OperationView>.Between(Feed.Current.Operations, views);
        if (step.IsEmpty)
            return;

        var board = new OperationBoard(views);
        Feed.Publish(board, new(board, step.Changed, step.Removed));
    }
}
