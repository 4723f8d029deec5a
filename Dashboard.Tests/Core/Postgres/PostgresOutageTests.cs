using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

public sealed class PostgresOutageTests
{
    [Fact]
    public async Task Reads_and_failover_go_on_while_Postgres_is_away_and_nothing_acknowledged_is_lost()
    {
        await using var postgres = await PostgresServer.StartPrivateAsync();
        await using var registry = await OpenAsync(postgres.ConnectionString);
        await registry.CommitAsync(Register("cart", "cart-1"));
        await registry.CommitAsync(Register("cart", "cart-2"));
        await registry.CommitAsync(Probed("cart", "cart-1", HealthStatus.Healthy));
        await registry.CommitAsync(Probed("cart", "cart-2", HealthStatus.Healthy));

        // Writers that never pause: each counts only what it was told is durable.
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            var acknowledged = new List<string>();
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                var id = $"{writer}-{n}";
                if (await registry.ExecuteAsync(Register("busy", id), Service, Cancelled) is CommandResult.Committed)
                    acknowledged.Add(id);
                else
                    await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancelled);
            }

            return acknowledged;
        })).ToArray();
        await EventuallyAsync(() => registry.Current.Revision > 200, "the writers write");

        await postgres.StopAsync();
        await EventuallyAsync(() => !registry.Availability.IsAvailable, "the outage is noticed");
        Assert.NotNull(registry.Availability.UnavailableSince);
        Assert.NotEmpty(registry.Availability.Error!);
        var denied = Assert.IsType<CommandResult.Unavailable>(await registry.ExecuteAsync(Register("cart", "cart-3"), Service, Cancelled));
        Assert.NotEqual(TimeSpan.Zero, denied.RetryAfter);

        var revision = registry.Current.Revision;
        using var subscription = registry.Feed.Subscribe();
        Assert.IsType<CommandResult.Overlaid>(await registry.ExecuteAsync(Probed("cart", "cart-1", HealthStatus.Unhealthy, "connection refused"), Actor.System("health"), Cancelled));
        Assert.Equal(["cart-2"], registry.Current.Services["cart"].Serving.Endpoints.Select(e => e.Id));
        Assert.Equal((revision, 1L), (registry.Current.Revision, registry.Current.Overlay));
        Assert.True(subscription.TryRead(out var overlaid));
        Assert.Equal((0, "cart"), (overlaid!.Changes.Length, Assert.Single(overlaid.Services)));

        await postgres.StartAsync();
        var began = TimeProvider.System.GetTimestamp();
        await EventuallyAsync(() => registry.Availability.IsAvailable, "writes work again");
        await registry.CommitAsync(Register("cart", "cart-4"));
        TestContext.Current.TestOutputHelper?.WriteLine($"writes worked {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.00} s after Postgres' return");
        Assert.Equal(0, registry.Current.Overlay);
        Assert.Equal(HealthStatus.Unhealthy, registry.Current.FindInstance(new("cart", "cart-1"))!.HealthStatus);

        await stop.CancelAsync();
        var told = (await Task.WhenAll(writers)).SelectMany(ids => ids).ToList();
        Assert.Empty(told.Except(registry.Current.Services["busy"].Instances.Keys));

        // And what is in memory is what is stored.
        await using var fresh = await OpenAsync(postgres.ConnectionString);
        Assert.Equal(Dump(registry.Current), Dump(fresh.Current));
        Assert.Equal(1L, await QueryAsync(postgres.ConnectionString, "select count(*) from change where reason = 'observed while Postgres was away'"));
    }

    [Fact]
    public async Task Readers_never_see_health_flip_back_when_Postgres_returns()
    {
        await using var postgres = await PostgresServer.StartPrivateAsync();
        await using var registry = await OpenAsync(postgres.ConnectionString);
        await registry.CommitAsync(Register("cart", "cart-1"));
        await registry.CommitAsync(Probed("cart", "cart-1", HealthStatus.Healthy));
        await postgres.StopAsync();
        await EventuallyAsync(() => !registry.Availability.IsAvailable, "the outage is noticed");
        await registry.ExecuteAsync(Probed("cart", "cart-1", HealthStatus.Unhealthy), Actor.System("health"), Cancelled);
        using var subscription = registry.Feed.Subscribe();

        await postgres.StartAsync();
        await EventuallyAsync(() => registry.Availability.IsAvailable, "Postgres is back");

        Assert.True(subscription.TryRead(out var update));
        Assert.Equal(HealthStatus.Unhealthy, update!.After.FindInstance(new("cart", "cart-1"))!.HealthStatus);
        Assert.Equal(["instance.health"], update.Changes.Select(change => change.Action));
        Assert.False(subscription.TryRead(out _));
    }

    [Fact]
    public async Task History_fails_soon_with_the_databases_own_exception_and_works_again_at_once()
    {
        await using var postgres = await PostgresServer.StartPrivateAsync();
        await using var registry = await OpenAsync(postgres.ConnectionString);
        await registry.CommitAsync(Register("cart", "cart-1"));
        await using var contexts = new RegistryDbContextFactory(new() { ConnectionString = postgres.ConnectionString });
        var history = new PostgresChangeHistory(contexts);
        Assert.Single(await history.QueryAsync(new(), Cancelled));

        await postgres.StopAsync();
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => history.QueryAsync(new(), Cancelled));
        await postgres.StartAsync();

        Assert.Single(await history.QueryAsync(new(), Cancelled));
    }

    [Fact]
    public async Task A_Postgres_that_hangs_costs_a_caller_seconds_and_not_forever()
    {
        await using var postgres = await PostgresServer.StartPrivateAsync();
        await using var registry = await OpenAsync(postgres.ConnectionString);
        await registry.CommitAsync(Register("cart", "cart-1"));
        // Somebody else holds the head: to this writer, Postgres simply does not answer.
        await using var holder = new Npgsql.NpgsqlConnection(postgres.ConnectionString);
        await holder.OpenAsync(Cancelled);
        await using var transaction = await holder.BeginTransactionAsync(Cancelled);
        await using (var take = new Npgsql.NpgsqlCommand("select from head for update", holder, transaction))
            await take.ExecuteNonQueryAsync(Cancelled);

        var began = TimeProvider.System.GetTimestamp();
        Assert.IsType<CommandResult.Unavailable>(await registry.ExecuteAsync(Register("cart", "cart-2"), Service, Cancelled));
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 0, 60);

        await transaction.RollbackAsync(Cancelled);
        await EventuallyAsync(() => registry.Availability.IsAvailable, "writes work again");
        await registry.CommitAsync(Register("cart", "cart-2"));
    }
}
