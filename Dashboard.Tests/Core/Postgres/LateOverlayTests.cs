using System.Collections.Immutable;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>What is in memory alone and was seen of a share that another console has taken over since: not shown, not told, and not taken from others.</summary>
public sealed class LateOverlayTests(PostgresServer postgres)
{
    private static readonly InstanceKey Cart = new("cart", "cart-1");
    private static readonly InstanceKey Orders = new("orders", "orders-1");
    private static readonly Guid Former = Guid.NewGuid();
    private static readonly Guid Present = Guid.NewGuid();

    [Fact]
    public async Task What_a_former_owner_tells_is_not_shown()
    {
        await using var registry = await OpenAsync(await postgres.CreateDatabaseAsync());
        var since = await RegisterAsync(registry);
        registry.Know(Epochs(9));

        registry.Hear(Former, Told(Cart, HealthStatus.Unhealthy, since, 8));
        registry.Hear(Present, Told(Orders, HealthStatus.Degraded, since, 9));
        await EventuallyAsync(() => StatusOf(Orders) == HealthStatus.Degraded, "the present owner's word is shown", 60);
        Assert.Equal(HealthStatus.Healthy, StatusOf(Cart));

        // A database that was restored may have begun anew: what the store says counts also where it is less.
        registry.Know(Epochs(8));
        await EventuallyAsync(() => StatusOf(Cart) == HealthStatus.Unhealthy, "its word is shown", 60);
        // Of two that are told of one instance the later owner's counts, whoever spoke last.
        registry.Hear(Present, Told(Cart, HealthStatus.Degraded, since, 9));
        await EventuallyAsync(() => StatusOf(Cart) == HealthStatus.Degraded, "the later owner's word is shown", 60);
        registry.Hear(Former, Told(Cart, HealthStatus.Unhealthy, since.AddHours(1), 8));
        registry.Hear(Guid.NewGuid(), Told(Orders, HealthStatus.Unhealthy, since, 9));
        await EventuallyAsync(() => StatusOf(Orders) == HealthStatus.Unhealthy, "both were heard", 60);
        Assert.Equal(HealthStatus.Degraded, StatusOf(Cart));

        HealthStatus StatusOf(InstanceKey key) => registry.Current.FindInstance(key)!.HealthStatus;
    }

    [Fact]
    public async Task What_was_seen_here_is_neither_shown_nor_told_once_another_is_known_to_look()
    {
        await using var way = new CuttingProxy(await postgres.CreateDatabaseAsync());
        await using var registry = await OpenAsync(way.ConnectionString);
        var since = await RegisterAsync(registry);
        registry.Know(Epochs(7));
        way.Block();
        await EventuallyAsync(() => !registry.Availability.IsAvailable, "it notices", 60);
        Assert.IsType<CommandResult.Overlaid>(await SeeAsync(7));
        Assert.Equal([new(Cart, Ill(since), 7)], registry.Own.Transitions);

        registry.Know(Epochs(8));

        await EventuallyAsync(() => registry.Own.Transitions.IsEmpty, "it is told no more", 60);
        await EventuallyAsync(() => registry.Current.FindInstance(Cart)!.HealthStatus == HealthStatus.Healthy, "it is shown no more", 60);
        Assert.Equal(RefusalKind.Stale, Assert.IsType<CommandResult.Refused>(await SeeAsync(7)).Refusal.Kind);
        Assert.Equal(HealthStatus.Healthy, registry.Current.FindInstance(Cart)!.HealthStatus);
        Assert.IsType<CommandResult.Overlaid>(await SeeAsync(8));
        Assert.Equal(HealthStatus.Unhealthy, registry.Current.FindInstance(Cart)!.HealthStatus);

        Task<CommandResult> SeeAsync(long epoch) =>
            registry.ExecuteAsync(new RecordHealth("cart", [new(Cart, Ill(since))]) { Fences = [new(HealthShard.Of(Cart), epoch)] }, Actor.System("health"), Cancelled).AsTask();
    }

    private static async Task<DateTimeOffset> RegisterAsync(Dashboard.Core.Postgres.PostgresRegistry registry)
    {
        foreach (var key in new[] { Cart, Orders })
        {
            await registry.CommitAsync(Register(key.Service, key.Id));
            await registry.CommitAsync(Probed(key.Service, key.Id, HealthStatus.Healthy));
        }

        return registry.Current.FindInstance(Cart)!.Health!.Since.AddHours(1);
    }

    private static HealthState Ill(DateTimeOffset since) => new(HealthStatus.Unhealthy, since, "connection refused", 3);

    private static OverlayWord Told(InstanceKey key, HealthStatus status, DateTimeOffset since, long epoch) => new([new(key, new(status, since, "told", 3), epoch)], 0);

    private static ImmutableArray<long> Epochs(long all) => [.. Enumerable.Repeat(all, HealthShard.Count)];
}
