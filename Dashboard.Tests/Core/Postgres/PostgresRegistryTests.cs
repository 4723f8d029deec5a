using System.Collections.Immutable;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Npgsql;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

public sealed class PostgresRegistryTests(PostgresServer postgres)
{
    [Fact]
    public async Task Revisions_of_32_concurrent_writers_are_gap_free_and_each_is_answered_its_own()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);

        var revisions = await Task.WhenAll(Enumerable.Range(0, 32).Select(writer => Task.Run(async () =>
        {
            var own = new List<long>();
            for (var i = 0; i < 25; i++)
                own.Add((await registry.CommitAsync(Register($"service-{writer % 4}", $"{writer}-{i}"))).Revision);
            return own;
        })));

        Assert.Equal(Enumerable.Range(1, 800).Select(n => (long)n), revisions.SelectMany(own => own).Order());
        Assert.All(revisions, own => Assert.Equal(own.Order(), own));
        Assert.Equal(800, registry.Current.InstanceCount);
        Assert.Equal(800L, await QueryAsync(database, "select count(*) from change"));
        Assert.Equal(800L, await QueryAsync(database, "select count(*) from instance"));
        Assert.Equal(800L, await QueryAsync(database, "select revision from head"));
    }

    [Fact]
    public async Task Waiting_commands_are_carried_by_few_transactions_with_one_notification_each()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await using var listener = new NpgsqlConnection(database);
        var notifications = new List<string>();
        listener.Notification += (_, notification) => notifications.Add(notification.Payload);
        await listener.OpenAsync(Cancelled);
        await using (var listen = new NpgsqlCommand("listen registry_change", listener))
            await listen.ExecuteNonQueryAsync(Cancelled);

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(n => registry.CommitAsync(Register("cart", $"cart-{n}"))));

        var transactions = (long)(await QueryAsync(database, "select count(distinct xmin::text) from change"))!;
        Assert.InRange(transactions, 2, 100);
        while (notifications.LastOrDefault() != "1000")
            await listener.WaitAsync(Cancelled);
        Assert.Equal(transactions, notifications.Count);
    }

    [Fact]
    public async Task A_refused_command_leaves_nothing_behind()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await registry.CommitAsync(Register("cart", "cart-1"));
        await registry.CommitAsync(Probed("cart", "cart-1", HealthStatus.Healthy));
        var before = Dump(registry.Current);

        var refused = Assert.IsType<CommandResult.Refused>(await registry.ExecuteAsync(new DrainInstance(new("cart", "cart-1")) { Reason = "why not" }, Operator, Cancelled));

        Assert.Equal(RefusalKind.Guard, refused.Refusal.Kind);
        Assert.Equal(before, Dump(registry.Current));
        Assert.Equal(2L, await QueryAsync(database, "select count(*) from change"));
        Assert.Equal(0L, await QueryAsync(database, "select count(*) from operation"));
    }

    [Fact]
    public async Task A_command_that_changes_nothing_uses_no_revision_and_no_transaction()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await registry.CommitAsync(Register("cart", "cart-1"));
        // Who wrote the head, and who held it: numbers of transactions, which other tests on this server use up too.
        const string Head = "select concat(xmin, ' ', xmax, ' ', ctid) from head";
        var head = await QueryAsync(database, Head);

        var again = await registry.CommitAsync(Register("cart", "cart-1"));

        Assert.Equal(1, again.Revision);
        Assert.Null(again.Change);
        Assert.Equal(head, await QueryAsync(database, Head));
    }

    [Fact]
    public async Task A_guard_sees_what_the_command_before_it_in_the_same_batch_did()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        for (var n = 1; n <= 4; n++)
        {
            await registry.CommitAsync(Register("cart", $"cart-{n}"));
            await registry.CommitAsync(Probed("cart", $"cart-{n}", HealthStatus.Healthy));
        }

        var results = await Task.WhenAll(Enumerable.Range(1, 4).Select(n =>
            registry.ExecuteAsync(new DrainInstance(new("cart", $"cart-{n}")) { Reason = "all at once" }, Operator, Cancelled).AsTask()));

        Assert.Equal(2, results.OfType<CommandResult.Committed>().Count());
        Assert.Equal(2, registry.Current.Services["cart"].Serving.Endpoints.Length);
    }

    [Fact]
    public async Task A_restart_gives_the_same_snapshot()
    {
        var database = await postgres.CreateDatabaseAsync();
        string before;
        await using (var registry = await OpenAsync(database))
        {
            await FillAsync(registry);
            before = Dump(registry.Current);
        }

        await using var again = await OpenAsync(database);

        Assert.Equal(before, Dump(again.Current));
    }

    [Fact]
    public async Task Two_stores_on_one_database_converge_in_order()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await OpenAsync(database);
        await using var other = await OpenAsync(database);
        using var seenByOther = other.Feed.Subscribe(capacity: 10_000);

        await Task.WhenAll(Enumerable.Range(0, 32).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < 15; n++)
                await (writer % 2 == 0 ? one : other).CommitAsync(Register($"service-{n % 3}", $"{writer}-{n}"));
        })));
        await FillAsync(one);
        await EventuallyAsync(() => one.Current.Revision == other.Current.Revision, "both at one revision");

        Assert.Equal(Dump(one.Current), Dump(other.Current));
        var revisions = new List<long>();
        while (seenByOther.TryRead(out var update))
        {
            Assert.Equal(revisions.LastOrDefault(), update!.Before.Revision);
            revisions.AddRange(update.Changes.Select(change => change.Revision));
        }

        Assert.Equal(Enumerable.Range(1, (int)one.Current.Revision).Select(n => (long)n), revisions);
    }

    [Fact]
    public async Task A_command_on_a_replica_that_is_behind_is_decided_on_the_head()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await OpenAsync(database);
        await using var other = await OpenAsync(database);
        for (var n = 0; n < 20; n++)
        {
            await one.CommitAsync(Register("cart", $"cart-{n}"));
            // At once, before any notification can have arrived.
            var gone = await other.CommitAsync(new DeregisterInstance(new("cart", $"cart-{n}")));
            Assert.NotNull(gone.Change);
        }

        await EventuallyAsync(() => one.Current.InstanceCount == 0, "the first replica sees the deregistrations");
    }

    [Fact]
    public async Task A_lost_notification_costs_delay_and_nothing_else()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await OpenAsync(database);
        await using var deaf = new PostgresRegistry(
            new() { ConnectionString = database, RetryInterval = TimeSpan.FromMilliseconds(50), PollInterval = TimeSpan.FromMilliseconds(200) },
            TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<PostgresRegistry>.Instance);
        await deaf.StartAsync(Cancelled);
        await QueryAsync(database, "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'dashboard listener' and datname = current_database()");

        await one.CommitAsync(Register("cart", "cart-1"));

        await EventuallyAsync(() => deaf.Current.Revision == 1, "the poll finds the change");
    }

    [Fact]
    public async Task Another_generation_resets_the_feed_with_a_fresh_snapshot()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await registry.CommitAsync(Register("cart", "cart-1"));
        var old = registry.Current.Generation;
        using var subscription = registry.Feed.Subscribe();

        await QueryAsync(database, "update head set generation = gen_random_uuid(); select pg_notify('registry_change', '99')");

        await EventuallyAsync(() => registry.Current.Generation != old, "the new generation is followed");
        Assert.Equal(Dashboard.Core.Feeds.FeedEnd.Reset, subscription.End);
        Assert.Equal(1, registry.Current.InstanceCount);
        Assert.Equal(2, (await registry.CommitAsync(Register("cart", "cart-2"))).Revision);
    }

    [Fact]
    public async Task A_head_behind_its_own_renews_the_generation()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await registry.CommitAsync(Register("cart", "cart-1"));
        await QueryAsync(database, "create table kept as select * from head; create table kept_instance as select * from instance");
        await registry.CommitAsync(Register("cart", "cart-2"));
        var old = registry.Current.Generation;

        // What a restore of an older backup looks like.
        await QueryAsync(database,
            """
            set session_replication_role = replica;
            delete from change where revision > 1; delete from instance; insert into instance select * from kept_instance;
            update head set revision = k.revision, hash = k.hash, at = k.at from kept k;
            select pg_notify('registry_change', '99')
            """);

        await EventuallyAsync(() => registry.Current.Generation != old, "a new generation");
        Assert.Equal(1, registry.Current.Revision);
        Assert.Equal(["cart-1"], registry.Current.Services["cart"].Instances.Keys);
    }

    [Fact]
    public async Task What_Postgres_cannot_store_fails_alone()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);

        var good = Enumerable.Range(0, 20).Select(n => registry.CommitAsync(Register("cart", $"cart-{n}"))).ToList();
        var bad = registry.ExecuteAsync(new WeightBeyondTheColumn(), Operator, Cancelled).AsTask();
        good.AddRange(Enumerable.Range(20, 20).Select(n => registry.CommitAsync(Register("cart", $"cart-{n}"))));

        await Task.WhenAll(good);
        await Assert.ThrowsAnyAsync<PostgresException>(() => bad);
        Assert.Equal(40, registry.Current.Revision);
        Assert.True(registry.Availability.IsAvailable);
    }

    [Fact]
    public async Task What_is_decided_while_a_batch_is_on_its_way_is_decided_again_when_that_fails()
    {
        var database = await postgres.CreateDatabaseAsync();
        // One command a batch: while one is on its way, the next is decided over it.
        await using var registry = await OpenAsync(database, configure: options => options.BatchLimit = 1);
        await registry.CommitAsync(Register("cart", "cart-0"));

        var outcomes = Enumerable.Range(1, 60)
            .Select(n => registry.ExecuteAsync(n % 3 == 0 ? new WeightBeyondTheColumn() : Register("cart", $"cart-{n}"), Operator, Cancelled).AsTask())
            .ToList();
        var committed = new List<long>();
        foreach (var (outcome, n) in outcomes.Select((outcome, i) => (outcome, i + 1)))
        {
            if (n % 3 == 0)
                await Assert.ThrowsAnyAsync<PostgresException>(() => outcome);
            else
                committed.Add(Assert.IsType<CommandResult.Committed>(await outcome).Revision);
        }

        Assert.Equal(Enumerable.Range(2, 40).Select(n => (long)n), committed);
        Assert.Equal(41L, await QueryAsync(database, "select revision from head"));
        Assert.Equal(41L, await QueryAsync(database, "select count(*) from instance"));
        Assert.Equal(41, registry.Current.InstanceCount);
        Assert.Equal(41L, await QueryAsync(database, "select count(*) from change"));
        Assert.Equal(0L, await QueryAsync(database, "select count(*) from change c join change p on p.revision = c.revision - 1 where c.previous_hash <> p.hash"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_answer_was_lost_is_neither_lost_nor_repeated(bool anotherWroteSince)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var other = await OpenAsync(database);
        await using var proxy = new CuttingProxy(database);
        await using var registry = await OpenAsync(proxy.ConnectionString);
        proxy.LoseAnswerTo("pg_notify");

        var committed = registry.CommitAsync(Register("cart", "cart-1"));
        var others = anotherWroteSince ? Enumerable.Range(0, 20).Select(n => other.CommitAsync(Register("search", $"search-{n}"))).ToArray() : [];

        Assert.NotNull((await committed).Change);
        await Task.WhenAll(others);
        Assert.Equal(1, proxy.Cuts);
        Assert.Equal(1L, await QueryAsync(database, "select count(*) from change where target = 'cart/cart-1'"));
        await EventuallyAsync(() => registry.Current.Revision == 1 + others.Length && other.Current.Revision == 1 + others.Length, "both see everything");
        Assert.Equal(Dump(other.Current), Dump(registry.Current));
        Assert.True(registry.Availability.IsAvailable);
    }

    [Fact]
    public async Task A_reason_with_characters_that_Postgres_refuses_is_kept_readable()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);

        await registry.CommitAsync(Register("cart", "cart-1") with { Reason = "a\0b\ud800c" });

        Assert.Equal("a\ufffdb\ufffdc", await QueryAsync(database, "select reason from change"));
    }

    [Fact]
    public async Task A_command_that_throws_fails_alone()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        var good = registry.CommitAsync(Register("cart", "cart-1"));
        var bad = registry.ExecuteAsync(new Throwing(), Operator, Cancelled).AsTask();

        await good;
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => bad);
    }

    [Fact]
    public async Task The_log_takes_no_update_delete_or_truncate()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await registry.CommitAsync(Register("cart", "cart-1"));

        foreach (var sql in new[] { "update change set actor = 'nobody'", "delete from change", "truncate change" })
            Assert.Contains("append-only", (await Assert.ThrowsAsync<PostgresException>(() => QueryAsync(database, sql))).MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_grows_beyond_its_first_partition()
    {
        var database = await postgres.CreateDatabaseAsync();
        await QueryAsync(database, "update head set revision = 999998");
        await using var registry = await OpenAsync(database);

        await Task.WhenAll(Enumerable.Range(0, 5).Select(n => registry.CommitAsync(Register("cart", $"cart-{n}"))));

        Assert.Equal(1_000_003, registry.Current.Revision);
        Assert.Equal(5L, await QueryAsync(database, "select count(*) from change"));
        Assert.Equal(4L, await QueryAsync(database, "select count(*) from change_0000000000001000000"));
    }

    [Fact]
    public async Task An_update_names_the_services_it_touched_also_through_their_node()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await registry.CommitAsync(Register("cart", "cart-1", node: "host-1"));
        await registry.CommitAsync(Register("search", "search-1", node: "host-1"));
        await registry.CommitAsync(Register("orders", "orders-1", node: "host-2"));
        using var subscription = registry.Feed.Subscribe();

        await registry.CommitAsync(new DrainNode("host-1") { Reason = "new disk", Override = true }, Operator);

        Assert.True(subscription.TryRead(out var update));
        Assert.Equal(["cart", "search"], update!.Services.Order());
    }

    /// <summary>Every kind of entity, in several states.</summary>
    private static async Task FillAsync(IRegistry registry)
    {
        for (var n = 1; n <= 4; n++)
        {
            await registry.CommitAsync(Register("shop", $"shop-{n}", node: $"host-{n % 2}"));
            await registry.CommitAsync(Probed("shop", $"shop-{n}", n == 4 ? HealthStatus.Degraded : HealthStatus.Healthy, "said \"ok\" – ünïcode"));
        }

        await registry.CommitAsync(new PutService("settings-only", ServiceSettings.Default with { Policy = BalancingPolicy.PowerOfTwoChoices, RemoveAfter = TimeSpan.FromMinutes(7) }), Operator);
        await registry.CommitAsync(new SetBrake("shop", new(new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero), 3, 9)), Actor.System("health"));
        await registry.CommitAsync(new SetWeights("shop", ImmutableSortedDictionary<string, int?>.Empty.Add("shop-1", 250)) { Reason = "more", Followers = ["gateway-1"] }, Operator);
        await registry.CommitAsync(new DrainInstance(new("shop", "shop-2")) { Reason = "upgrade" }, Operator);
        await registry.CommitAsync(new DeregisterInstance(new("shop", "shop-2")));
        await registry.CommitAsync(new SetMaintenance(new("shop", "shop-3")) { Reason = "disk", Override = true }, Operator);
        await registry.CommitAsync(new UndrainInstance(new("shop", "shop-3"), RampSeconds: 60) { Reason = "disk is new" }, Operator);
        await registry.CommitAsync(new DrainNode("host-1") { Reason = "kernel", Override = true }, Operator);
        await registry.CommitAsync(Register("gone", "gone-1"));
        await registry.CommitAsync(new DeleteService("gone") { Reason = "unused", Override = true }, Operator);
    }

    private sealed record WeightBeyondTheColumn : RegistryCommand
    {
        public override string Action => "test.bad";

        public override string Target => "cart";

        public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context) => new Decision.Accepted(
        [
            new OperatorChange(new("cart", "x"), null, new() { Weight = 20_000 }),
        ]);
    }

    private sealed record Throwing : RegistryCommand
    {
        public override string Action => "test.throw";

        public override string Target => "cart";

        public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context) => throw new InvalidTimeZoneException();
    }
}
