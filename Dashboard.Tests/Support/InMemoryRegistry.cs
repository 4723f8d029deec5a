using System.Collections.Immutable;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;

namespace Dashboard.Tests.Support;

/// <summary>
/// A registry without a store: the product's own decisions and snapshots, applied in memory in the order they come. Can be taken away, as Postgres can.
/// </summary>
internal sealed class InMemoryRegistry : IRegistry, IChangeHistory
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly List<(RegistryCommand Command, Actor Actor)> _overlaid = [];
    private ImmutableList<RegistryChange> _history = [];
    private DateTimeOffset? _awaySince;

    // Without the overlay: what is durable.
    private RegistrySnapshot _committed;

    public InMemoryRegistry(TimeProvider time)
    {
        _time = time;
        _committed = RegistrySnapshot.Empty(Guid.NewGuid(), Now);
        Feed = new(_committed);
    }

    public RegistrySnapshot Current => Feed.Current;

    public Feed<RegistrySnapshot, RegistryUpdate> Feed { get; }

    public RegistryAvailability Availability => new(_awaySince, _awaySince ?? Now, _awaySince is null ? null : "taken away by the test");

    /// <summary>Every committed change, oldest first.</summary>
    public ImmutableList<RegistryChange> History => Volatile.Read(ref _history);

    /// <summary>The log cannot be read.</summary>
    public bool Unreadable { get; set; }

    /// <summary>Called before each command; a result other than null is the answer and nothing is decided.</summary>
    public Func<RegistryCommand, CommandResult?>? Intercept { get; set; }

    private DateTimeOffset Now
    {
        get
        {
            var now = _time.GetUtcNow();
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        }
    }

    /// <summary>From now on nothing can be written; health goes into the overlay.</summary>
    public void TakeAway()
    {
        lock (_gate)
        {
            _awaySince = Now;
        }
    }

    /// <summary>The store is back: what was overlaid is committed.</summary>
    public void BringBack()
    {
        lock (_gate)
        {
            _awaySince = null;
            var before = Feed.Current;
            var changes = ImmutableArray.CreateBuilder<RegistryChange>();
            foreach (var (command, actor) in _overlaid)
            {
                if (Commit(command, actor).Change is { } change)
                {
                    changes.Add(change);
                }
            }

            if (_overlaid.Count > 0)
            {
                _overlaid.Clear();
                Publish(before, _committed, changes.ToImmutable());
            }
        }
    }

    public ValueTask<CommandResult> ExecuteAsync(RegistryCommand command, Actor actor, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Execute(command, actor));
    }

    public CommandResult Execute(RegistryCommand command, Actor actor)
    {
        if (Intercept?.Invoke(command) is { } answer)
        {
            return answer;
        }

        lock (_gate)
        {
            var before = Feed.Current;
            if (_awaySince is not null)
            {
                if (!command.MayOverlay)
                {
                    return new CommandResult.Unavailable("taken away by the test", TimeSpan.FromSeconds(1));
                }

                if (command.Decide(before, Context(before, actor)) is Decision.Accepted { Changes: { IsEmpty: false } changes })
                {
                    _overlaid.Add((command, actor));
                    Publish(before, before.ApplyOverlay(changes.OfType<HealthChange>()), []);
                }

                return new CommandResult.Overlaid(Feed.Current);
            }

            var (result, change) = Commit(command, actor);
            if (change is not null)
            {
                Publish(before, _committed, [change]);
            }

            return result;
        }
    }

    public Decision Preview(RegistryCommand command, Actor actor)
    {
        var current = Feed.Current;
        return command.Decide(current, Context(current, actor));
    }

    /// <summary>Writes entity changes as they are, as if some command had decided them.</summary>
    public RegistryChange Write(Actor actor, string action, string target, params EntityChange[] changes)
    {
        lock (_gate)
        {
            var before = Feed.Current;
            var change = new RegistryChange
            {
                Revision = _committed.Revision + 1,
                At = Now,
                Actor = actor,
                Action = action,
                Target = target,
                Changes = [.. changes],
            };
            Keep(change);
            Publish(before, _committed, [change]);
            return change;
        }
    }

    /// <summary>Replaces everything, as a restore does.</summary>
    public void Restore(RegistrySnapshot snapshot)
    {
        lock (_gate)
        {
            _committed = snapshot;
            Feed.Reset(snapshot);
        }
    }

    public Task<ImmutableArray<RegistryChange>> QueryAsync(ChangeQuery query, CancellationToken cancellationToken) =>
        Read(() => History.Reverse().Where(change => Matches(change, query)).Take(query.Limit).ToImmutableArray());

    public Task<RegistryChange?> FindAsync(long revision, CancellationToken cancellationToken) => Read(() => History.Find(change => change.Revision == revision));

    public Task<Operation?> FindOperationAsync(long id, CancellationToken cancellationToken) =>
        Read(() => Operations().LastOrDefault(operation => operation.Id == id));

    public Task<ImmutableArray<Operation>> FindOperationsAsync(ImmutableArray<long> ids, CancellationToken cancellationToken) =>
        Read(() => Operations().Where(operation => ids.Contains(operation.Id)).GroupBy(operation => operation.Id).Select(versions => versions.Last()).ToImmutableArray());

    public Task<ImmutableArray<Operation>> RecentOperationsAsync(int limit, CancellationToken cancellationToken) =>
        Read(() => Operations().GroupBy(operation => operation.Id).Select(versions => versions.Last()).OrderByDescending(operation => operation.Id).Take(limit).ToImmutableArray());

    public Task<Plan?> FindPlanAsync(long id, CancellationToken cancellationToken) => Read(() => Plans().LastOrDefault(plan => plan.Id == id));

    public Task<ImmutableArray<Plan>> FindPlansAsync(ImmutableArray<long> ids, CancellationToken cancellationToken) =>
        Read(() => Plans().Where(plan => ids.Contains(plan.Id)).GroupBy(plan => plan.Id).Select(versions => versions.Last()).ToImmutableArray());

    public Task<ImmutableArray<Plan>> RecentPlansAsync(int limit, CancellationToken cancellationToken) =>
        Read(() => Plans().GroupBy(plan => plan.Id).Select(versions => versions.Last()).OrderByDescending(plan => plan.Id).Take(limit).ToImmutableArray());

    public Task<ChainVerification> VerifyAsync(IProgress<long>? progress, CancellationToken cancellationToken) => Task.FromResult(new ChainVerification { Checked = History.Count, Head = History.Count });

    private Task<T> Read<T>(Func<T> read) => Unreadable ? Task.FromException<T>(new TimeoutException("taken away by the test")) : Task.FromResult(read());

    private static DecisionContext Context(RegistrySnapshot snapshot, Actor actor, DateTimeOffset now) => new(actor, now, snapshot.Revision + 1);

    private static bool Matches(RegistryChange change, ChangeQuery query)
    {
        var keys = change.Changes.Select(entity => entity switch
        {
            InstanceChange instance => instance.Key,
            OperatorChange state => state.Key,
            HealthChange health => health.Key,
            _ => (InstanceKey?)null,
        });
        return (query.Service is null || change.Target == query.Service || change.Target.StartsWith(query.Service + "/", StringComparison.Ordinal) || keys.Any(key => key?.Service == query.Service))
            && (query.Instance is null || keys.Any(key => key?.Id == query.Instance))
            && (query.Node is null || change.Target == "node:" + query.Node)
            && (query.Actor is null || change.Actor.Name == query.Actor)
            && (query.Action is null || (query.Action.EndsWith('*') ? change.Action.StartsWith(query.Action[..^1], StringComparison.Ordinal) : change.Action == query.Action))
            && (!query.OperatorsOnly || change.Actor.Kind == ActorKind.Operator)
            && (query.Before is null || change.Revision < query.Before);
    }

    private DecisionContext Context(RegistrySnapshot snapshot, Actor actor) => Context(snapshot, actor, Now);

    private IEnumerable<Operation> Operations() => History.SelectMany(change => change.Changes).OfType<OperationChange>().Select(change => change.After).OfType<Operation>();

    private IEnumerable<Plan> Plans() => History.SelectMany(change => change.Changes).OfType<PlanChange>().Select(change => change.After).OfType<Plan>();

    private (CommandResult Result, RegistryChange? Change) Commit(RegistryCommand command, Actor actor)
    {
        var context = Context(_committed, actor);
        switch (command.Decide(_committed, context))
        {
            case Decision.Refused refused:
                return (new CommandResult.Refused(refused.Refusal, _committed), null);
            case Decision.Accepted { Changes.IsEmpty: true } nothing:
                return (new CommandResult.Committed(_committed.Revision, null, _committed, nothing.Operation), null);
            case Decision.Accepted accepted:
                var change = new RegistryChange
                {
                    Revision = context.Revision,
                    At = context.Now,
                    Actor = actor,
                    Action = command.Action,
                    Target = command.Target,
                    Reason = command.Reason,
                    Operation = accepted.Operation,
                    Changes = accepted.Changes,
                };
                Keep(change);
                return (new CommandResult.Committed(change.Revision, change, _committed, accepted.Operation), change);
            default:
                throw new InvalidOperationException("A decision is either accepted or refused.");
        }
    }

    private void Keep(RegistryChange change)
    {
        _committed = _committed.Apply(change);
        Volatile.Write(ref _history, _history.Add(change));
    }

    private void Publish(RegistrySnapshot before, RegistrySnapshot after, ImmutableArray<RegistryChange> changes)
    {
        var names = before.Services.Keys.Union(after.Services.Keys, StringComparer.Ordinal)
            .Where(name => !ReferenceEquals(before.Services.GetValueOrDefault(name), after.Services.GetValueOrDefault(name)));
        Feed.Publish(after, new(before, after, changes, [.. names]));
    }
}
