using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.Health.Leases;

/// <summary>What the engine does with a share that comes and goes.</summary>
public sealed class HandOverTests
{
    private static readonly InstanceKey A = new("orders", "a");
    private readonly EngineDriver _driver = new();

    [Fact]
    public void Only_what_is_owned_is_probed_and_the_rest_follows_the_registry()
    {
        _driver.Engine.Own(Without(A));
        _driver.Put(ServiceSettings.Default);
        _driver.Register("a");
        _driver.Register("b");
        _driver.Run(5);

        Assert.DoesNotContain(_driver.Probed, probe => probe.Key == A);
        Assert.Contains(_driver.Probed, probe => probe.Key.Id == "b");
        Assert.Equal(HealthStatus.Unknown, _driver.StatusOf("a"));

        _driver.Execute(new RecordHealth("orders", [new(A, new(HealthStatus.Unhealthy, _driver.Time.GetUtcNow(), "seen elsewhere", 3))]));
        _driver.Run(0.1);
        Assert.Equal("seen elsewhere", _driver.Board.Find(A)!.Output);
        Assert.Equal(HealthStatus.Unhealthy, _driver.Board.Find(A)!.Verdict);
    }

    [Fact]
    public void A_share_that_is_lost_is_not_probed_again_and_what_is_under_way_is_dropped()
    {
        _driver.Put(ServiceSettings.Default);
        _driver.Register("a");
        _driver.Run(3);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
        _driver.World = _ => CheckOutcome.Critical;
        _driver.Run(3);

        _driver.Engine.Own(Ownership.None);
        var probes = _driver.Probed.Count;
        _driver.Run(30);

        Assert.Equal(probes, _driver.Probed.Count);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void What_was_asked_before_a_share_was_lost_and_got_again_between_two_looks_does_not_count()
    {
        _driver.Engine.Own(All(7));
        _driver.Put(ServiceSettings.Default with { Check = CheckSettings.Default with { Fall = 1 } });
        _driver.Register("a");
        _driver.Run(3);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
        _driver.Engine.SyncAll(_driver.Registry.Current);
        ProbeOrder? asked;
        while (!_driver.Engine.TryOrder(out asked))
            _driver.Time.Advance(TimeSpan.FromMilliseconds(10));

        // Another console held it under epoch 8.
        _driver.Engine.Own(All(9));
        _driver.Engine.Complete(asked, new(CheckOutcome.Critical, "refused", TimeSpan.Zero));

        Assert.Empty(_driver.Engine.TakeTransitions(_driver.Registry.Current));
        _driver.World = _ => CheckOutcome.Critical;
        Assert.True(_driver.RunUntil(() => _driver.StatusOf("a") == HealthStatus.Unhealthy, 10) > TimeSpan.Zero);
    }

    [Fact]
    public void A_share_that_is_taken_over_goes_on_from_what_the_registry_says()
    {
        _driver.Engine.Own(Ownership.None);
        _driver.Put(ServiceSettings.Default);
        _driver.Register("a");
        _driver.Execute(new RecordHealth("orders", [new(A, new(HealthStatus.Healthy, _driver.Time.GetUtcNow(), "seen elsewhere", 2))]));
        _driver.Run(1);
        _driver.World = _ => CheckOutcome.Critical;

        _driver.Engine.Own(Ownership.Of(Enumerable.Range(0, HealthShard.Count).ToDictionary(shard => shard, _ => 7L), long.MaxValue));
        var took = _driver.RunUntil(() => _driver.StatusOf("a") == HealthStatus.Unhealthy, 10);

        Assert.InRange(took.TotalSeconds, 4, 7);
    }

    [Fact]
    public void The_last_word_of_the_owner_before_counts_also_when_it_is_read_after_the_share_was_taken()
    {
        _driver.Engine.Own(Ownership.None);
        _driver.Put(ServiceSettings.Default);
        _driver.Register("a");
        _driver.Execute(Seen("a", HealthStatus.Healthy));
        _driver.Run(0.1);
        // Written by the owner before, and not read here yet.
        _driver.Execute(Seen("a", HealthStatus.Unhealthy));

        _driver.Engine.Own(All(7));
        _driver.Turn();

        Assert.Equal((HealthStatus.Unhealthy, "seen elsewhere"), (_driver.StatusOf("a"), _driver.Registry.Current.FindInstance(A)!.Health!.Output));
        // What is seen here then counts as ever.
        Assert.InRange(_driver.RunUntil(() => _driver.StatusOf("a") == HealthStatus.Healthy, 10).TotalSeconds, 1, 7);
    }

    [Fact]
    public void The_last_word_of_the_owner_before_counts_until_a_whole_run_was_seen_here()
    {
        _driver.Engine.Own(Ownership.None);
        _driver.Put(ServiceSettings.Default with { Check = CheckSettings.Default with { Rise = 3 } });
        _driver.Register("a");
        _driver.Execute(Seen("a", HealthStatus.Healthy));
        _driver.Run(0.1);
        _driver.Engine.Own(All(7));
        _driver.RunUntil(() => _driver.Probed.Count == 2, 10);

        _driver.Execute(Seen("a", HealthStatus.Unhealthy));
        _driver.Turn();
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));

        // Looked at a whole run of times: what says something else then is out of date.
        _driver.RunUntil(() => _driver.StatusOf("a") == HealthStatus.Healthy, 20);
        _driver.Execute(Seen("a", HealthStatus.Unhealthy));
        _driver.Turn();
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void A_ttl_instance_gets_a_full_lease_from_its_new_owner()
    {
        _driver.Engine.Own(Ownership.None);
        _driver.Put(ServiceSettings.Default with { Check = new() { Kind = CheckKind.Ttl } });
        _driver.Register("a", ttl: TimeSpan.FromSeconds(10));
        _driver.Execute(new RecordHealth("orders", [new(A, new(HealthStatus.Healthy, _driver.Time.GetUtcNow(), "seen elsewhere", 1))]));
        _driver.Run(60);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));

        _driver.Engine.Own(Ownership.Everything);

        Assert.InRange(_driver.RunUntil(() => _driver.StatusOf("a") == HealthStatus.Unhealthy, 15).TotalSeconds, 9.9, 10.1);
    }

    [Fact]
    public void Losses_that_other_consoles_saw_count_for_the_brake_and_one_console_engages_it()
    {
        var owner = Ownership.Of(new Dictionary<int, long> { [HealthShard.Of("orders")] = 4 }, long.MaxValue);
        _driver.Engine.Own(owner);
        _driver.Put(ServiceSettings.Default);
        _driver.RegisterMany(10);
        _driver.Execute(Seen(HealthStatus.Healthy, 10));
        _driver.Run(0.1);

        _driver.Execute(Seen(HealthStatus.Unhealthy, 4));
        _driver.Run(2);

        Assert.NotNull(_driver.Service().Brake);
    }

    [Fact]
    public void A_console_without_the_services_share_leaves_the_brake_to_the_other()
    {
        _driver.Engine.Own(Ownership.None);
        _driver.Put(ServiceSettings.Default);
        _driver.RegisterMany(10);
        _driver.Execute(Seen(HealthStatus.Healthy, 10));
        _driver.Run(0.1);

        _driver.Execute(Seen(HealthStatus.Unhealthy, 4));
        _driver.Run(2);

        Assert.Null(_driver.Service().Brake);
    }

    [Fact]
    public void Commands_name_the_epochs_of_the_shares_that_they_are_about()
    {
        _driver.Put(ServiceSettings.Default);
        _driver.Register("a");
        _driver.Engine.SyncAll(_driver.Registry.Current);
        _driver.Engine.Own(Ownership.None);
        _driver.Engine.Own(Ownership.Of(new Dictionary<int, long> { [HealthShard.Of(A)] = 9 }, long.MaxValue));
        while (_driver.Engine.TryOrder(out var order))
            _driver.Engine.Complete(order, new(CheckOutcome.Critical, "refused", TimeSpan.Zero));
        _driver.Time.Advance(TimeSpan.FromSeconds(2));
        for (var look = 0; look < 5; look++)
        {
            while (_driver.Engine.TryOrder(out var order))
                _driver.Engine.Complete(order, new(CheckOutcome.Critical, "refused", TimeSpan.Zero));
            _driver.Time.Advance(TimeSpan.FromSeconds(2));
        }

        var command = Assert.Single(_driver.Engine.TakeTransitions(_driver.Registry.Current));
        Assert.Equal([new LeaseFence(HealthShard.Of(A), 9)], command.Fences);
    }

    private static Ownership All(long epoch) => Ownership.Of(Enumerable.Range(0, HealthShard.Count).ToDictionary(shard => shard, _ => epoch), long.MaxValue);

    private static Ownership Without(InstanceKey key) =>
        Ownership.Of(Enumerable.Range(0, HealthShard.Count).Where(shard => shard != HealthShard.Of(key)).ToDictionary(shard => shard, _ => 1L), long.MaxValue);

    private RecordHealth Seen(string id, HealthStatus status) => new("orders", [new(new("orders", id), new(status, _driver.Time.GetUtcNow(), "seen elsewhere", 3))]);

    private RecordHealth Seen(HealthStatus status, int count) =>
        new("orders", [.. Enumerable.Range(0, count).Select(number => new HealthTransition(new("orders", $"i-{number:D3}"), new(status, _driver.Time.GetUtcNow(), "seen elsewhere", 3)))]);
}
