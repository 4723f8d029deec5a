using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Health;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>Two consoles on one database and operators who do not know of each other.</summary>
public sealed class TwoWritersTests(PostgresServer postgres)
{
    private const int Races = 10_000;
    private const int Rows = 100;

    [Fact]
    public async Task Of_two_operators_on_one_row_exactly_one_wins_each_race_and_nothing_is_overwritten_unseen()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var a = await OpenAsync(database);
        await using var b = await OpenAsync(database);
        for (var row = 0; row < Rows; row++)
            await a.CommitAsync(Register($"service-{row}", "one", port: 1000 + row));

        var began = TimeProvider.System.GetTimestamp();
        var won = new int[2];
        await Task.WhenAll(Enumerable.Range(0, Rows).Select(async row =>
        {
            var service = $"service-{row}";
            var seen = a.Current.Revision;
            int? weight = null;
            for (var race = 0; race < Races / Rows; race++)
            {
                // Both looked at the same revision; each wants something else.
                var results = await Task.WhenAll(
                    a.ExecuteAsync(Weigh(service, 10 + 2 * race, seen), Operator, Cancelled).AsTask(),
                    b.ExecuteAsync(Weigh(service, 11 + 2 * race, seen), Operator, Cancelled).AsTask());
                var winner = Assert.Single(Enumerable.Range(0, 2), side => results[side] is CommandResult.Committed { Change: not null });
                Assert.Equal(RefusalKind.Stale, Assert.IsType<CommandResult.Refused>(results[1 - winner]).Refusal.Kind);
                var change = ((CommandResult.Committed)results[winner]).Change!;
                var entity = Assert.Single(change.Changes.OfType<OperatorChange>());
                // The change began from what the race before left, and not from what the loser would have.
                Assert.Equal(weight, entity.Before?.Weight);
                weight = entity.After!.Weight;
                Assert.Equal(10 + 2 * race + winner, weight);
                Interlocked.Increment(ref won[winner]);
                seen = change.Revision;
            }
        }));
        var took = TimeProvider.System.GetElapsedTime(began);

        await EventuallyAsync(() => a.Current.Revision == b.Current.Revision, "both have all", 60);
        Assert.Equal(Dump(a.Current), Dump(b.Current));
        TestContext.Current.TestOutputHelper?.WriteLine("{0} races on {1} rows over two consoles in {2:0.0} s: {3} and {4} won, {0} refused as stale", Races, Rows, took.TotalSeconds, won[0], won[1]);
        Assert.Equal(Races, won.Sum());
    }

    [Fact]
    public async Task The_last_eligible_instance_is_never_drained_by_two_at_once()
    {
        const int services = 250;
        var database = await postgres.CreateDatabaseAsync();
        await using var a = await OpenAsync(database);
        await using var b = await OpenAsync(database);
        for (var number = 0; number < services; number++)
        {
            var service = $"pair-{number.ToString(CultureInfo.InvariantCulture)}";
            foreach (var id in new[] { "one", "two" })
            {
                await a.CommitAsync(Register(service, id, port: 2000 + number));
                await a.CommitAsync(Probed(service, id, HealthStatus.Healthy));
            }
        }

        await EventuallyAsync(() => a.Current.Revision == b.Current.Revision, "both have all", 60);
        var refused = 0;
        await Task.WhenAll(Enumerable.Range(0, services).Select(async number =>
        {
            var service = $"pair-{number.ToString(CultureInfo.InvariantCulture)}";
            var results = await Task.WhenAll(
                a.ExecuteAsync(new DrainInstance(new(service, "one")), Operator, Cancelled).AsTask(),
                b.ExecuteAsync(new DrainInstance(new(service, "two")), Operator, Cancelled).AsTask());
            Assert.Single(results.OfType<CommandResult.Committed>());
            Assert.Equal(RefusalKind.Guard, Assert.Single(results.OfType<CommandResult.Refused>()).Refusal.Kind);
            Interlocked.Increment(ref refused);
        }));

        await EventuallyAsync(() => a.Current.Revision == b.Current.Revision, "both have all", 60);
        Assert.All(a.Current.Services.Values, service => Assert.Single(service.Serving.Endpoints));
        TestContext.Current.TestOutputHelper?.WriteLine("{0} pairs drained from two consoles at once: {1} guarded, one left serving in each", services, refused);
    }

    [Fact]
    public async Task What_one_console_sees_while_Postgres_is_away_the_other_shows_until_it_is_durable_and_never_flips_back()
    {
        await using var server = await PostgresServer.StartPrivateAsync();
        await using var a = await OpenAsync(server.ConnectionString);
        await using var b = await OpenAsync(server.ConnectionString);
        await a.CommitAsync(Register("cart", "cart-1"));
        await a.CommitAsync(Probed("cart", "cart-1", HealthStatus.Healthy));
        await EventuallyAsync(() => a.Current.Revision == b.Current.Revision, "both have all", 60);
        var (consoleA, key) = (Guid.NewGuid(), new InstanceKey("cart", "cart-1"));
        // What the stream between the two carries.
        a.OwnChanged += () => b.Hear(consoleA, a.Own);

        await server.StopAsync();
        await EventuallyAsync(() => !a.Availability.IsAvailable && !b.Availability.IsAvailable, "the outage is noticed by both", 60);
        var seen = new HealthState(HealthStatus.Unhealthy, a.Current.FindInstance(key)!.Health!.Since.AddHours(1), "seen by a", 3);
        Assert.IsType<CommandResult.Overlaid>(await a.ExecuteAsync(new RecordHealth("cart", [new(key, seen)]), Actor.System("health"), Cancelled));
        await EventuallyAsync(() => b.Current.FindInstance(key)!.HealthStatus == HealthStatus.Unhealthy, "b shows what a saw", 60);
        Assert.True(b.Current.Overlay > 0);
        using var subscription = b.Feed.Subscribe();

        await server.StartAsync();
        await EventuallyAsync(() => a.Availability.IsAvailable && b.Availability.IsAvailable && a.Current.Revision == b.Current.Revision && a.Own.Transitions.IsEmpty, "Postgres is back and both are in step", 60);

        while (subscription.TryRead(out var update))
            Assert.Equal(HealthStatus.Unhealthy, update!.After.FindInstance(key)!.HealthStatus);
        Assert.Equal(seen, b.Current.FindInstance(key)!.Health);
        Assert.Equal(1L, await QueryAsync(server.ConnectionString, "select count(*) from change where reason = 'observed while Postgres was away'"));
    }

    [Fact]
    public async Task A_later_verdict_that_is_durable_counts_more_than_what_another_console_could_not_write()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var b = await OpenAsync(database);
        var (console, key) = (Guid.NewGuid(), new InstanceKey("cart", "cart-1"));
        await b.CommitAsync(Register("cart", "cart-1"));
        await b.CommitAsync(Probed("cart", "cart-1", HealthStatus.Healthy));
        var since = b.Current.FindInstance(key)!.Health!.Since;

        b.Hear(console, new([new(key, new(HealthStatus.Unhealthy, since.AddSeconds(1), "cut off", 3))], 0));
        await EventuallyAsync(() => b.Current.FindInstance(key)!.HealthStatus == HealthStatus.Unhealthy, "it is shown", 60);
        await b.CommitAsync(new RecordHealth("cart", [new(key, new(HealthStatus.Degraded, since.AddSeconds(2), "taken over", 1))]));
        Assert.Equal(HealthStatus.Degraded, b.Current.FindInstance(key)!.HealthStatus);

        b.Hear(console, new([new(key, new(HealthStatus.Unhealthy, since.AddSeconds(3), "cut off", 3))], 0));
        await EventuallyAsync(() => b.Current.FindInstance(key)!.HealthStatus == HealthStatus.Unhealthy, "it is shown", 60);
        b.Forget(console);
        await EventuallyAsync(() => b.Current.FindInstance(key)!.HealthStatus == HealthStatus.Degraded, "what a console that left could not write is dropped", 60);
    }

    private static SetWeights Weigh(string service, int weight, long expected) =>
        new(service, ImmutableSortedDictionary<string, int?>.Empty.Add("one", weight)) { ExpectedRevision = expected };
}
