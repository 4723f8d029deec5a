using System.Collections.Concurrent;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>Leases in a real Postgres, held by several keepers.</summary>
public sealed class LeaseStoreTests(PostgresServer postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly LeaseOptions Short = new() { Lease = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task Three_consoles_divide_the_checks_and_what_one_leaves_is_taken_at_once()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var a = await Keeper.StartAsync(database, "a");
        await EventuallyAsync(() => a.Share.Current.Count == HealthShard.Count, "a holds everything", 60);
        await using var b = await Keeper.StartAsync(database, "b");
        await using var c = await Keeper.StartAsync(database, "c");

        await EventuallyAsync(
            () => Counts(a, b, c).All(count => count is >= 20 and <= 22) && a.Shards.Union(b.Shards).Union(c.Shards).Count() == HealthShard.Count, "each holds a third of its own", 60);

        await b.LeaveAsync();
        // Not ended, but given up: that they are free is written already.
        Assert.Equal(0L, await QueryAsync(database, $"select count(*) from health_lease where owner = '{b.Id}'"));
        await EventuallyAsync(() => Counts(a, c).All(count => count == 32), "the two others hold half each", 60);
        Assert.Equal(2L, await QueryAsync(database, "select count(*) from replica"));
    }

    [Fact]
    public async Task What_a_dead_console_held_is_taken_over_within_two_leases_and_never_before_its_end()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var a = await Keeper.StartAsync(database, "a");
        await using var b = await Keeper.StartAsync(database, "b");
        await EventuallyAsync(() => Counts(a, b).All(count => count == 32), "both hold half", 60);
        // From here on it is looked at every few milliseconds whether two hold one share.
        using var watch = new DoubleWatch(a, b);

        var killed = TimeProvider.System.GetTimestamp();
        await a.DieAsync();
        await EventuallyAsync(() => b.Share.Current.Count == HealthShard.Count, "b holds everything", 60);
        var took = TimeProvider.System.GetElapsedTime(killed);

        TestContext.Current.TestOutputHelper?.WriteLine("a dead console's share was taken over after {0:0.00} s, the lease being {1:0} s", took.TotalSeconds, Short.Lease.TotalSeconds);
        Assert.Empty(watch.Doubles);
        Assert.True((long)(await QueryAsync(database, "select min(epoch) from health_lease where shard = any(select shard from health_lease order by epoch desc limit 32)"))! >= 2);
    }

    [Fact]
    public async Task A_console_that_cannot_renew_stops_before_another_may_begin()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var a = await Keeper.StartAsync(database, "a");
        await using var b = await Keeper.StartAsync(database, "b");
        await EventuallyAsync(() => Counts(a, b).All(count => count == 32), "both hold half", 60);
        a.Share.PeerReachesStore = true;
        using var watch = new DoubleWatch(a, b);

        a.ReachesStore = false;
        await EventuallyAsync(() => b.Share.Current.Count == HealthShard.Count, "b holds everything", 60);

        Assert.Equal(0, a.Share.Current.Count);
        Assert.Empty(watch.Doubles);
    }

    [Fact]
    public async Task While_the_store_is_away_for_all_everybody_keeps_its_share()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var a = await Keeper.StartAsync(database, "a");
        await using var b = await Keeper.StartAsync(database, "b");
        int[] heldByA = [], heldByB = [];
        await EventuallyAsync(() => (heldByA = a.Shards).Length == 32 && (heldByB = b.Shards).Length == 32, "both hold half", 60);

        (a.ReachesStore, b.ReachesStore) = (false, false);
        await EventuallyAsync(() => a.Share.Current.Until == long.MaxValue && b.Share.Current.Until == long.MaxValue, "both notice", 60);
        Assert.Equal(heldByA, a.Shards);
        Assert.Equal(heldByB, b.Shards);

        // Nobody says any more that all are cut off: what was kept ends.
        a.Share.PeerReachesStore = true;
        await EventuallyAsync(() => a.Share.Current.Count == 0, "a gives way to one that reaches the store", 60);
        a.Share.PeerReachesStore = false;
        (a.ReachesStore, b.ReachesStore) = (true, true);
        await EventuallyAsync(() => Counts(a, b).Sum() == HealthShard.Count && Counts(a, b).All(count => count == 32), "both hold half again", 60);
    }

    [Fact]
    public async Task A_health_write_under_an_old_epoch_is_refused()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await using var leases = new PostgresLeaseStore(new() { ConnectionString = database });
        var key = new InstanceKey("orders", "a");
        await registry.CommitAsync(Register("orders", "a"));
        var (old, next) = (Named("old"), Named("next"));
        await leases.RenewAsync(old, Short.Lease, Cancelled);
        await leases.TakeAsync(old, [HealthShard.Of(key)], TimeSpan.FromMilliseconds(1), Cancelled);
        var fence = new LeaseFence(HealthShard.Of(key), 1);
        await registry.CommitAsync(Probed("orders", "a", HealthStatus.Healthy) with { Fences = [fence] });

        await leases.TakeAsync(next, [HealthShard.Of(key)], Short.Lease, Cancelled);
        var late = await registry.ExecuteAsync(Probed("orders", "a", HealthStatus.Unhealthy) with { Fences = [fence] }, Actor.System("health"), Cancelled);

        var refused = Assert.IsType<CommandResult.Refused>(late);
        Assert.Equal(RefusalKind.Stale, refused.Refusal.Kind);
        Assert.Contains("epoch 1", refused.Refusal.Message, StringComparison.Ordinal);
        Assert.Equal(HealthStatus.Healthy, registry.Current.FindInstance(key)!.HealthStatus);
        await registry.CommitAsync(Probed("orders", "a", HealthStatus.Unhealthy) with { Fences = [fence with { Epoch = 2 }] });
        Assert.Equal(HealthStatus.Unhealthy, registry.Current.FindInstance(key)!.HealthStatus);
    }

    [Fact]
    public async Task What_a_console_saw_while_it_was_cut_off_is_refused_once_another_has_taken_its_share_over()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var way = new CuttingProxy(database);
        await using var late = await OpenAsync(way.ConnectionString);
        await using var present = await OpenAsync(database);
        await using var leases = new PostgresLeaseStore(new() { ConnectionString = database });
        InstanceKey taken = new("orders", "taken"), kept = new("cart", "kept"), never = new("search", "never");
        Assert.Equal(3, new[] { taken, kept, never }.Select(HealthShard.Of).Distinct().Count());
        foreach (var key in new[] { taken, kept, never })
            await present.CommitAsync(Register(key.Service, key.Id));
        var (first, second) = (Named("first"), Named("second"));
        await leases.RenewAsync(first, Short.Lease, Cancelled);
        await leases.TakeAsync(first, [HealthShard.Of(kept), HealthShard.Of(never)], Patience, Cancelled);
        await leases.TakeAsync(first, [HealthShard.Of(taken)], TimeSpan.FromMilliseconds(1), Cancelled);
        foreach (var key in new[] { taken, kept, never })
            await late.CommitAsync(Probed(key.Service, key.Id, HealthStatus.Healthy) with { Fences = [new(HealthShard.Of(key), 1)] });

        // Cut off, it goes on looking, and what it sees is shown by itself alone.
        way.Block();
        await EventuallyAsync(() => !late.Availability.IsAvailable, "it notices", 60);
        var since = late.Current.FindInstance(taken)!.Health!.Since.AddHours(1);
        foreach (var (key, epoch) in new[] { (taken, 1), (kept, 1), (never, 0) })
        {
            var seen = new RecordHealth(key.Service, [new(key, new(HealthStatus.Unhealthy, since, "seen without Postgres", 3))]) { Fences = [new(HealthShard.Of(key), epoch)] };
            Assert.IsType<CommandResult.Overlaid>(await late.ExecuteAsync(seen, Actor.System("health"), Cancelled));
            Assert.Equal(HealthStatus.Unhealthy, late.Current.FindInstance(key)!.HealthStatus);
        }

        // Meanwhile one of the two shares has another owner, who finds its instance well.
        await leases.RenewAsync(second, Short.Lease, Cancelled);
        await leases.TakeAsync(second, [HealthShard.Of(taken)], Patience, Cancelled);
        way.Unblock();
        await EventuallyAsync(() => late.Availability.IsAvailable && late.Current.Overlay == 0, "it is back", 60);
        await EventuallyAsync(() => late.Current.Revision == present.Current.Revision, "both are in step", 60);

        foreach (var console in new[] { late, present })
        {
            Assert.Equal(HealthStatus.Healthy, console.Current.FindInstance(taken)!.HealthStatus);
            // Epoch 0: of a share that it did not hold.
            Assert.Equal(HealthStatus.Healthy, console.Current.FindInstance(never)!.HealthStatus);
            Assert.Equal(HealthStatus.Unhealthy, console.Current.FindInstance(kept)!.HealthStatus);
        }

        var written = (await StoredLog.AssertWholeAsync(database)).Where(change => change.Reason == "observed while Postgres was away");
        Assert.Equal([kept.ToString()], written.Select(change => change.Target));
    }

    [Fact]
    public async Task Of_many_that_take_the_same_share_one_gets_it()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var leases = new PostgresLeaseStore(new() { ConnectionString = database });
        var replicas = Enumerable.Range(0, 8).Select(number => Named($"r{number}")).ToArray();

        await Task.WhenAll(replicas.Select(replica => leases.TakeAsync(replica, [0, 1, 2], Patience, Cancelled)));
        var roll = await leases.RenewAsync(replicas[0], Patience, Cancelled);

        Assert.All(roll.Leases.Take(3), lease => Assert.Equal(1, lease.Epoch));
        Assert.Single(roll.Leases.Take(3).Select(lease => lease.Owner).Distinct());
    }

    private static Replica Named(string name) => new(Guid.NewGuid(), $"http://{name}:5080", DateTimeOffset.UnixEpoch);

    private static int[] Counts(params Keeper[] keepers) => [.. keepers.Select(keeper => keeper.Share.Current.Count)];

    /// <summary>A keeper of its own process, as far as the others can tell.</summary>
    private sealed class Keeper : IAsyncDisposable
    {
        private readonly PostgresLeaseStore _store;
        private readonly LeaseKeeper _keeper;
        private readonly DeadStore _switch;

        private Keeper(string database)
        {
            _store = new(new() { ConnectionString = database, ConnectTimeout = TimeSpan.FromSeconds(1), CommandTimeout = TimeSpan.FromSeconds(1) });
            _switch = new(_store);
            Share = new(TimeProvider.System, Ownership.None);
            _keeper = new(_switch, Share, Short, TimeProvider.System, NullLogger<LeaseKeeper>.Instance);
        }

        public HealthShare Share { get; }

        public Guid Id => _keeper.Self.Result.Id;

        public bool ReachesStore
        {
            set => _switch.Dead = !value;
        }

        public int[] Shards => [.. Enumerable.Range(0, HealthShard.Count).Where(Share.Current.Owns)];

        public static async Task<Keeper> StartAsync(string database, string name)
        {
            var keeper = new Keeper(database);
            keeper._keeper.Advertise($"http://{name}:5080");
            await keeper._keeper.StartAsync(Cancelled);
            return keeper;
        }

        public Task LeaveAsync() => _keeper.StopAsync(CancellationToken.None);

        /// <summary>kill -9: no word to anybody, and what it held it does not look at any more.</summary>
        public async Task DieAsync()
        {
            _switch.Dead = true;
            await _keeper.StopAsync(CancellationToken.None);
        }

        public async ValueTask DisposeAsync()
        {
            await _keeper.StopAsync(CancellationToken.None);
            _keeper.Dispose();
            await _store.DisposeAsync();
        }
    }

    private sealed class DeadStore(ILeaseStore inner) : ILeaseStore
    {
        public bool Dead { get; set; }

        private ILeaseStore Inner => Dead ? throw new Npgsql.NpgsqlException("cut off") : inner;

        public Task<LeaseRoll> RenewAsync(Replica replica, TimeSpan lease, CancellationToken cancellationToken) => Inner.RenewAsync(replica, lease, cancellationToken);

        public Task TakeAsync(Replica replica, IReadOnlyCollection<int> shards, TimeSpan lease, CancellationToken cancellationToken) => Inner.TakeAsync(replica, shards, lease, cancellationToken);

        public Task GiveUpAsync(Replica replica, IReadOnlyCollection<int> shards, CancellationToken cancellationToken) => Inner.GiveUpAsync(replica, shards, cancellationToken);

        public Task LeaveAsync(Replica replica, CancellationToken cancellationToken) => Inner.LeaveAsync(replica, cancellationToken);

        public Task<byte[]> ReadSecretAsync(CancellationToken cancellationToken) => Inner.ReadSecretAsync(cancellationToken);
    }

    /// <summary>Looks again and again whether two consoles hold one share at the same time.</summary>
    private sealed class DoubleWatch : IDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly Task _looking;

        public DoubleWatch(Keeper one, Keeper other) => _looking = Task.Run(async () =>
        {
            while (!_end.IsCancellationRequested)
            {
                // The second look at the first: who gave up between the two looks did not hold it with the other.
                var (first, second, again) = (one.Shards, other.Shards, one.Shards);
                foreach (var shard in first.Intersect(again).Intersect(second))
                    Doubles.Enqueue(shard);
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
            }
        });

        public ConcurrentQueue<int> Doubles { get; } = new();

        public void Dispose()
        {
            _end.Cancel();
            _looking.GetAwaiter().GetResult();
            _end.Dispose();
        }
    }
}
