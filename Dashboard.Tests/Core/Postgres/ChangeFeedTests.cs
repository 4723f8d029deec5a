using System.Collections.Concurrent;
using System.Text;
using Dashboard.Core.Feeds;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>Whatever happens to a replica's way to Postgres, it ends where a fresh read does, and its feed has said each revision once and in order.</summary>
public sealed class ChangeFeedTests(PostgresServer postgres, ITestOutputHelper output)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(300);

    [Fact]
    public async Task A_hundred_cuts_of_the_listener_lose_no_change()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var writer = await OpenAsync(database);
        await using var follower = await FollowAsync(database, poll: TimeSpan.FromHours(1));
        var seen = new FeedRecord(follower);
        using var stop = new CancellationTokenSource();
        var writing = StoreChild.WriteAsync(writer, "cuts", (_, _) => { }, stop.Token);

        var cut = 0L;
        while (cut < 100)
        {
            // Only the follower's: the writer keeps its own ear.
            cut += (long)(await QueryAsync(database,
                $"select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'dashboard listener' and datname = current_database() and pid <> {await ListenerOfAsync(database, 0)}"))!;
            var before = follower.Current.Revision;
            await EventuallyAsync(() => follower.Current.Revision > before, "changes come again after the cut");
        }

        await stop.CancelAsync();
        await writing;
        await seen.AssertAtAsync(writer, database);
        output.WriteLine($"{cut} cuts, {seen.Count} revisions seen, 0 missed, 0 repeated");
    }

    [Fact]
    public async Task Without_any_notification_a_replica_follows_within_its_poll_interval()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var writer = await OpenAsync(database);
        // Not one notification is sent from here on: the function that sends them is another.
        await QueryAsync(database,
            """
            create schema quiet; create function quiet.pg_notify(text, text) returns void language sql as 'select null::void';
            do $$ begin execute format('alter database %I set search_path = quiet, pg_catalog, public', current_database()); end $$
            """);
        await using var silent = await OpenAsync(database);
        await using var follower = await FollowAsync(database, Poll);
        var seen = new FeedRecord(follower);
        var worst = TimeSpan.Zero;
        for (var n = 0; n < 10; n++)
        {
            await silent.CommitAsync(Register("cart", $"cart-{n}"));
            var began = TimeProvider.System.GetTimestamp();
            await EventuallyAsync(() => follower.Current.Revision == n + 1, "the poll finds the change");
            worst = worst > TimeProvider.System.GetElapsedTime(began) ? worst : TimeProvider.System.GetElapsedTime(began);
        }

        await seen.AssertAtAsync(silent, database);
        Assert.False(await HearsAsync(database, silent), "the notifications are really dropped");
        output.WriteLine($"polled every {Poll.TotalMilliseconds:0} ms: worst delay {worst.TotalMilliseconds:0} ms");
    }

    [Fact]
    public async Task A_restart_of_Postgres_loses_no_change()
    {
        await using var server = await PostgresServer.StartPrivateAsync();
        await using var writer = await OpenAsync(server.ConnectionString);
        await using var follower = await FollowAsync(server.ConnectionString, Poll);
        var seen = new FeedRecord(follower);
        using var stop = new CancellationTokenSource();
        var writing = StoreChild.WriteAsync(writer, "restart", (_, _) => { }, stop.Token);
        for (var n = 0; n < 3; n++)
        {
            var before = follower.Current.Revision;
            await EventuallyAsync(() => follower.Current.Revision > before + 20, "changes come", seconds: 60);
            await server.StopAsync();
            await server.StartAsync();
        }

        await EventuallyAsync(() => writer.Availability.IsAvailable && follower.Availability.IsAvailable, "both are back", seconds: 60);
        await stop.CancelAsync();
        await writing;
        await seen.AssertAtAsync(writer, server.ConnectionString);
        output.WriteLine($"3 restarts, {seen.Count} revisions seen");
    }

    [Fact]
    public async Task A_replica_that_stood_still_catches_up_in_order()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var writer = await OpenAsync(database);
        var lines = new ConcurrentQueue<string>();
        using var child = StoreChild.Start("follow", database, lines.Enqueue);
        try
        {
            await EventuallyAsync(() => lines.Any(line => line.StartsWith("STATE", StringComparison.Ordinal)), "the replica runs", seconds: 60);
            await writer.CommitAsync(Register("cart", "first"));
            await EventuallyAsync(() => Revisions(lines).Contains(1), "it follows", seconds: 60);

            Signals.Pause(child.Id);
            // More than one page of the log.
            await Task.WhenAll(Enumerable.Range(0, 3000).Select(n => writer.CommitAsync(Register("cart", $"cart-{n}"))));
            Signals.Continue(child.Id);

            await EventuallyAsync(() => Revisions(lines).LastOrDefault() == 3001, "it catches up", seconds: 60);
            await child.StandardInput.WriteLineAsync("dump");
            await EventuallyAsync(() => lines.Any(line => line.StartsWith("DUMP 3001", StringComparison.Ordinal)), "it tells its state", seconds: 60);
        }
        finally
        {
            Signals.Continue(child.Id);
            child.Kill();
            await child.WaitForExitAsync(Cancelled);
        }

        Assert.Equal(Enumerable.Range(1, 3001).Select(n => (long)n), Revisions(lines));
        var dump = lines.First(line => line.StartsWith("DUMP", StringComparison.Ordinal)).Split(' ')[2];
        Assert.Equal(Dump(writer.Current), Encoding.UTF8.GetString(Convert.FromBase64String(dump)));
    }

    [Fact]
    public async Task A_subscriber_slower_than_the_feed_starts_again_from_a_fresh_state()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var writer = await OpenAsync(database);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var states = new List<long>();
        var state = writer.Current;
        using var stop = new CancellationTokenSource();
        var following = writer.Feed.FollowAsync(
            start =>
            {
                states.Add(start.Revision);
                state = start;
                return ValueTask.CompletedTask;
            },
            async update =>
            {
                await held.Task;
                Assert.Equal(state.Revision, update.Before.Revision);
                state = update.After;
            },
            stop.Token,
            capacity: 4);

        for (var n = 0; n < 50; n++)
            await writer.CommitAsync(Register("cart", $"cart-{n}"));
        held.SetResult();

        await EventuallyAsync(() => state.Revision == 50, "the subscriber is where the feed is");
        await stop.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Assert.True(states.Count > 1, "it was ended and started again");
        Assert.Equal(Dump(writer.Current), Dump(state));
        Assert.True(writer.Feed.Overflows > 0);
    }

    [Fact]
    public async Task A_reader_older_than_the_retained_changes_takes_a_fresh_snapshot_and_keeps_the_generation()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var proxy = new CuttingProxy(database);
        await using var follower = await FollowAsync(proxy.ConnectionString, Poll);
        using var subscription = follower.Feed.Subscribe();
        var generation = follower.Current.Generation;
        proxy.Block();
        await using var writer = await OpenAsync(database);
        for (var n = 0; n < 20; n++)
            await writer.CommitAsync(Register("cart", $"cart-{n}"));
        await QueryAsync(database, "set session_replication_role = replica; update change set at = at - interval '100 days' where revision <= 15");
        await RetentionTests.SplitAsync(database, 16);
        Assert.Equal(1, await RetentionTests.PruneAsync(database));

        proxy.Unblock();

        await EventuallyAsync(() => follower.Current.Revision == 20, "the follower is back", seconds: 60);
        Assert.Equal(FeedEnd.Reset, subscription.End);
        Assert.Equal(generation, follower.Current.Generation);
        Assert.Equal(Dump(writer.Current), Dump(follower.Current));
    }

    private static async Task<PostgresRegistry> FollowAsync(string connectionString, TimeSpan poll)
    {
        var registry = new PostgresRegistry(
            new() { ConnectionString = connectionString, RetryInterval = TimeSpan.FromMilliseconds(20), PollInterval = poll }, TimeProvider.System, NullLogger<PostgresRegistry>.Instance);
        await registry.StartAsync(Cancelled);
        return registry;
    }

    // The oldest listener is the writer's: it was opened first and is never cut.
    private static async Task<int> ListenerOfAsync(string database, int index) => (int?)await QueryAsync(database,
        $"select pid from pg_stat_activity where application_name = 'dashboard listener' and datname = current_database() order by backend_start offset {index} limit 1") ?? 0;

    private static async Task<bool> HearsAsync(string database, PostgresRegistry registry)
    {
        await using var ear = new Npgsql.NpgsqlConnection(database);
        var heard = false;
        ear.Notification += (_, _) => heard = true;
        await ear.OpenAsync(Cancelled);
        await using (var listen = new Npgsql.NpgsqlCommand("listen registry_change", ear))
            await listen.ExecuteNonQueryAsync(Cancelled);
        await registry.CommitAsync(Register("cart", "heard"));
        // Anything that was sent comes with the next answer.
        await using (var ask = new Npgsql.NpgsqlCommand("select 1", ear))
            await ask.ExecuteScalarAsync(Cancelled);
        return heard;
    }

    private static List<long> Revisions(IEnumerable<string> lines) =>
        [.. lines.Where(line => line.StartsWith("CHANGES", StringComparison.Ordinal)).SelectMany(line => line.Split(' ').Skip(2)).Select(text => long.Parse(text, System.Globalization.CultureInfo.InvariantCulture))];

    /// <summary>Everything that one subscription said.</summary>
    private sealed class FeedRecord
    {
        private readonly PostgresRegistry _registry;
        private readonly FeedSubscription<RegistrySnapshot, RegistryUpdate> _subscription;
        private readonly List<long> _revisions = [];

        public FeedRecord(PostgresRegistry registry)
        {
            _registry = registry;
            _subscription = registry.Feed.Subscribe(1_000_000);
        }

        public int Count => _revisions.Count;

        /// <summary>Waits until the replica is where the writer is; it has then said each revision once, in order, and is what a fresh read is.</summary>
        public async Task AssertAtAsync(PostgresRegistry writer, string database)
        {
            await EventuallyAsync(() => _registry.Current.Revision == writer.Current.Revision, "the replica is at the writer's revision", seconds: 60);
            Assert.Equal(FeedEnd.None, _subscription.End);
            var at = _subscription.Start.Revision;
            while (_subscription.TryRead(out var update))
            {
                Assert.Equal(at, update!.Before.Revision);
                _revisions.AddRange(update.Changes.Select(change => change.Revision));
                at = update.After.Revision;
            }

            var start = _subscription.Start.Revision;
            Assert.Equal(Enumerable.Range(1, (int)(writer.Current.Revision - start)).Select(n => start + n), _revisions);
            await using var fresh = await OpenAsync(database);
            Assert.Equal(Dump(fresh.Current), Dump(_registry.Current));
        }
    }
}
