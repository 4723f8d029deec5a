using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Xunit;

namespace Dashboard.Tests.Core.Health;

public sealed class TtlTests
{
    private static readonly ServiceSettings Ttl = ServiceSettings.Default with { Check = new() { Kind = CheckKind.Ttl }, PanicThreshold = 0 };
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);

    private readonly EngineDriver _driver = new();

    public TtlTests() => _driver.Put(Ttl);

    [Theory]
    [InlineData(CheckOutcome.Passing, HealthStatus.Healthy)]
    [InlineData(CheckOutcome.Warning, HealthStatus.Degraded)]
    [InlineData(CheckOutcome.Critical, HealthStatus.Unhealthy)]
    public void The_first_heartbeat_decides(CheckOutcome outcome, HealthStatus status)
    {
        _driver.Register("a", ttl: Lease);
        _driver.Run(1);
        Assert.Equal(HealthStatus.Unknown, _driver.StatusOf("a"));

        _driver.Beat("a", outcome, "queue at 80 %");

        Assert.Equal(status, _driver.StatusOf("a"));
        Assert.Equal("queue at 80 %", _driver.Service().Instances["a"].Health!.Output);
    }

    [Fact]
    public void Silence_counts_when_the_lease_has_run_out_and_not_a_tick_before()
    {
        _driver.Register("a", ttl: Lease);
        _driver.Beat("a");

        _driver.Run(9.99);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));

        _driver.Run(0.01);
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));
        Assert.Equal("no heartbeat for 10 s", _driver.Service().Instances["a"].Health!.Output);
    }

    [Fact]
    public void Each_heartbeat_renews_the_lease_and_a_late_one_brings_the_instance_back_at_once()
    {
        _driver.Register("a", ttl: Lease);
        for (var i = 0; i < 10; i++)
        {
            _driver.Beat("a");
            _driver.Run(9.9);
            Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
        }

        _driver.Run(5);
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));
        _driver.Beat("a");
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void Without_a_ttl_of_its_own_the_lease_is_the_worst_time_to_detect_a_failure()
    {
        _driver.Register("a");
        _driver.Beat("a");

        _driver.Run(6.99);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
        _driver.Run(0.01);
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void After_a_restart_silence_counts_only_after_one_full_lease()
    {
        _driver.Register("a", ttl: Lease);
        _driver.Beat("a");
        _driver.Run(9);

        _driver.Restart();
        _driver.Run(9.99);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
        _driver.Run(0.01);
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void After_a_pause_silence_counts_only_after_one_full_lease()
    {
        _driver.Register("a", ttl: Lease);
        _driver.Beat("a");
        _driver.Time.Advance(TimeSpan.FromHours(1));

        _driver.Engine.GrantLeases();
        _driver.Run(9.99);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
        _driver.Run(0.01);
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void A_renewed_registration_with_a_shorter_ttl_counts_from_then_on()
    {
        _driver.Register("a", ttl: Lease, port: 5);
        _driver.Beat("a");
        _driver.Register("a", ttl: TimeSpan.FromSeconds(2), port: 5);
        _driver.Turn();

        _driver.Run(2);

        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void A_heartbeat_right_after_the_registration_counts_although_the_feed_has_not_told_yet()
    {
        _driver.Register("a", ttl: Lease);

        _driver.Engine.Beat(new("orders", "a"), new(CheckOutcome.Passing, "", _driver.Time.GetTimestamp()), _driver.Registry.Current);
        _driver.Turn();

        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void A_flood_of_heartbeats_leaves_nothing_behind()
    {
        _driver.Register("a", ttl: TimeSpan.FromHours(1));
        for (var i = 0; i < 1000; i++)
        {
            _driver.Beat("a");
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _driver.Engine.Beat(new("orders", "a"), new(CheckOutcome.Passing, "", _driver.Time.GetTimestamp()), _driver.Registry.Current);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 1000, 0, 512);
    }

    [Fact]
    public void Heartbeats_are_taken_only_of_registered_instances()
    {
        var heartbeats = new Heartbeats(_driver.Registry, _driver.Time);
        Assert.False(heartbeats.Beat(new("orders", "a"), CheckOutcome.Passing, null));

        _driver.Register("a", ttl: Lease);
        Assert.True(heartbeats.Beat(new("orders", "a"), CheckOutcome.Critical, "old"));
        Assert.True(heartbeats.Beat(new("orders", "a"), CheckOutcome.Passing, new string('x', 2000) + "\u001b"));
        var taken = new List<(InstanceKey Key, Heartbeat Heartbeat)>();
        heartbeats.DrainTo((key, heartbeat) => taken.Add((key, heartbeat)));
        heartbeats.DrainTo((key, heartbeat) => taken.Add((key, heartbeat)));

        var (_, newest) = Assert.Single(taken);
        Assert.Equal((CheckOutcome.Passing, HealthState.MaxOutputLength), (newest.Outcome, newest.Output.Length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void A_wall_clock_that_jumps_an_hour_evicts_nobody_and_keeps_nobody(int hours)
    {
        _driver.Put(Ttl with { RemoveAfter = TimeSpan.FromMinutes(30) });
        _driver.RegisterMany(10, ttl: Lease);
        for (var i = 0; i < 10; i++)
        {
            _driver.Beat($"i-{i:D3}");
        }

        _driver.Run(5);
        _driver.Time.Jump(TimeSpan.FromHours(hours));
        _driver.Run(4.9);
        Assert.All(_driver.Service().Instances.Keys, id => Assert.Equal(HealthStatus.Healthy, _driver.StatusOf(id)));

        // What really is silent is found out by the time that really passed.
        _driver.Beat("i-000");
        _driver.Run(1);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("i-000"));
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("i-001"));

        // Nor does it bring the removal of the silent forward.
        _driver.Time.Jump(TimeSpan.FromHours(hours));
        _driver.Run(2);
        Assert.Equal(10, _driver.Service().Instances.Count);
    }
}
