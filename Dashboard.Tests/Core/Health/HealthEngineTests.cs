using CsCheck;
using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Xunit;

namespace Dashboard.Tests.Core.Health;

public sealed class HealthEngineTests
{
    private static readonly ServiceSettings Tcp = ServiceSettings.Default;

    private readonly EngineDriver _driver = new();

    [Fact]
    public void A_new_instance_that_answers_serves_within_a_quarter_of_a_second()
    {
        _driver.Put(Tcp);
        _driver.Register("a");

        var took = _driver.RunUntil(() => _driver.StatusOf("a") == HealthStatus.Healthy, atMostSeconds: 1);

        Assert.InRange(took.TotalMilliseconds, 0, 250);
        Assert.Equal(2, _driver.Service().Instances["a"].Health!.Consecutive);
    }

    [Fact]
    public void A_new_instance_whose_listener_comes_up_late_serves_soon_after()
    {
        _driver.Put(Tcp);
        _driver.World = _ => CheckOutcome.Critical;
        _driver.Register("a");
        _driver.Run(1.5);
        Assert.Equal(HealthStatus.Unknown, _driver.StatusOf("a"));

        _driver.World = _ => CheckOutcome.Passing;

        var took = _driver.RunUntil(() => _driver.StatusOf("a") == HealthStatus.Healthy, atMostSeconds: 3);
        Assert.InRange(took.TotalSeconds, 0, 1.3);
    }

    [Fact]
    public void An_instance_that_never_answers_becomes_unhealthy_after_fall_failures_with_the_evidence()
    {
        _driver.Put(Tcp);
        _driver.World = _ => CheckOutcome.Critical;
        _driver.Register("a");

        _driver.RunUntil(() => _driver.StatusOf("a") == HealthStatus.Unhealthy, atMostSeconds: 4);

        Assert.Equal(3, _driver.Probed.Count);
        Assert.Equal(("connection refused", 3), (_driver.Service().Instances["a"].Health!.Output, _driver.Service().Instances["a"].Health!.Consecutive));
    }

    [Fact]
    public void A_failure_is_detected_within_fall_times_interval_plus_a_tenth_whenever_it_happens() =>
        Gen.Int[0, 400].Sample(
            offset =>
            {
                var driver = new EngineDriver();
                driver.Put(Tcp);
                driver.RegisterMany(8);
                driver.Run(TimeSpan.FromSeconds(5) + TimeSpan.FromMilliseconds(10 * offset));

                driver.World = _ => CheckOutcome.Critical;
                var took = driver.RunUntil(() => driver.Service().EligibleCount == 0, atMostSeconds: 10);

                Assert.InRange(took.TotalSeconds, 3.5, 3 * 2 * 1.1);
            },
            iter: 20);

    [Fact]
    public void Two_looks_are_nine_to_eleven_tenths_of_the_interval_apart_and_instances_do_not_stay_together()
    {
        _driver.Put(Tcp);
        _driver.RegisterMany(50);
        _driver.Run(30);

        foreach (var looks in _driver.Probed.GroupBy(probe => probe.Key))
        {
            var times = looks.Select(probe => probe.At).SkipWhile(at => at < _driver.Time.Start.AddSeconds(3)).ToArray();
            Assert.All(times.Zip(times.Skip(1)), pair => Assert.InRange((pair.Second - pair.First).TotalSeconds, 1.78, 2.22));
            Assert.InRange(times.Length, 12, 15);
        }

        var busiest = _driver.Probed.Where(probe => probe.At > _driver.Time.Start.AddSeconds(5)).CountBy(probe => probe.At).Max(moment => moment.Value);
        Assert.InRange(busiest, 1, 6);
    }

    [Fact]
    public void The_same_instance_is_looked_at_at_the_same_times_in_another_run()
    {
        var other = new EngineDriver();
        foreach (var driver in new[] { _driver, other })
        {
            driver.Put(Tcp);
            driver.RegisterMany(3);
            driver.Run(20);
        }

        Assert.Equal(_driver.Probed, other.Probed);
    }

    [Fact]
    public void Only_transitions_are_recorded()
    {
        _driver.Put(Tcp);
        _driver.RegisterMany(5);
        _driver.Run(60);

        Assert.InRange(_driver.Registry.History.Count(change => change.Action == "instance.health"), 1, 5);
    }

    [Fact]
    public void A_flapping_probe_changes_nothing_while_no_run_is_long_enough()
    {
        var probes = 0;
        _driver.Put(Tcp);
        _driver.Register("a");
        _driver.Run(1);
        _driver.World = _ => probes++ % 3 == 2 ? CheckOutcome.Passing : CheckOutcome.Critical;
        _driver.Run(60);

        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
        Assert.Equal(1, _driver.Registry.History.Count(change => change.Action == "instance.health"));
    }

    [Fact]
    public void A_restart_judges_nobody_anew_and_probes_are_spread_over_the_interval()
    {
        _driver.Put(Tcp);
        _driver.RegisterMany(40);
        _driver.Run(2);
        var revision = _driver.Registry.Current.Revision;
        _driver.Probed.Clear();

        _driver.Restart();
        _driver.Run(10);

        Assert.Equal(revision, _driver.Registry.Current.Revision);
        Assert.InRange(_driver.Probed.Where(probe => probe.At < _driver.Time.Start.AddSeconds(2.5)).Select(probe => probe.Key).Distinct().Count(), 3, 20);
    }

    [Fact]
    public void An_instance_that_moves_is_judged_anew_and_an_answer_about_its_old_address_is_dropped()
    {
        _driver.Put(Tcp);
        _driver.Register("a", port: 1);
        _driver.Run(1);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
        ProbeOrder? old = null;
        while (!_driver.Engine.TryOrder(out old))
        {
            _driver.Time.Advance(TimeSpan.FromMilliseconds(10));
        }

        _driver.Register("a", port: 2);
        Assert.Equal(HealthStatus.Unknown, _driver.StatusOf("a"));
        _driver.World = _ => CheckOutcome.Critical;
        _driver.Turn();
        _driver.Engine.Complete(old!, new(CheckOutcome.Passing, "connected", default));
        _driver.Run(1.5);

        Assert.Equal(0, _driver.Board.Find(new("orders", "a"))!.Passes);
        Assert.Equal(2, _driver.Board.Find(new("orders", "a"))!.Failures);
    }

    [Fact]
    public void A_changed_check_counts_anew_and_keeps_the_verdict_until_it_is_decided()
    {
        _driver.Put(Tcp);
        _driver.Register("a");
        _driver.Run(1);
        _driver.World = _ => CheckOutcome.Critical;

        _driver.Put(Tcp with { Check = Tcp.Check with { Kind = CheckKind.Http, Fall = 2, Interval = TimeSpan.FromSeconds(1) } });
        _driver.Turn();
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));

        _driver.RunUntil(() => _driver.StatusOf("a") == HealthStatus.Unhealthy, atMostSeconds: 2.3);
    }

    [Fact]
    public void A_probe_that_outlasts_its_interval_is_not_started_twice()
    {
        _driver.Put(Tcp with { Check = Tcp.Check with { Interval = TimeSpan.FromMilliseconds(100) } });
        _driver.World = _ => null;
        _driver.Register("a");

        _driver.Run(5);

        Assert.Single(_driver.Probed);
    }

    [Fact]
    public void A_removed_instance_is_not_looked_at_any_more_and_its_evidence_goes()
    {
        _driver.Put(Tcp with { MinEligiblePercent = 0, MinEligible = 0 });
        _driver.Register("a");
        _driver.Run(1);
        _driver.Execute(new DeregisterInstance(new("orders", "a")));
        _driver.Turn();
        _driver.Probed.Clear();

        _driver.Run(10);

        Assert.Empty(_driver.Probed);
        Assert.Null(_driver.Board.Find(new("orders", "a")));
        Assert.Equal(0, _driver.Engine.Count);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("8.8.8.8")]
    public void A_disallowed_address_is_not_probed_and_says_so(string address)
    {
        _driver.Put(Tcp);
        _driver.Register("a", address: address);
        _driver.Run(10);

        Assert.Empty(_driver.Probed);
        Assert.Equal(HealthStatus.Unknown, _driver.StatusOf("a"));
        Assert.Contains("outside Health:AllowedNetworks", _driver.Board.Find(new("orders", "a"))!.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_none_is_trusted_as_healthy_also_when_it_is_asked_for_later()
    {
        _driver.Put(Tcp);
        _driver.World = _ => CheckOutcome.Critical;
        _driver.Register("a");
        _driver.Run(5);
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));

        _driver.Put(Tcp with { Check = new() { Kind = CheckKind.None } });
        _driver.Turn();

        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
        Assert.Equal("not checked", _driver.Service().Instances["a"].Health!.Output);
    }

    [Fact]
    public void While_the_store_is_away_eligibility_still_follows_and_is_committed_afterwards()
    {
        _driver.Put(Tcp with { PanicThreshold = 0 });
        _driver.RegisterMany(3);
        _driver.Run(1);
        var revision = _driver.Registry.Current.Revision;

        _driver.Registry.TakeAway();
        _driver.World = key => key.Id == "i-001" ? CheckOutcome.Critical : CheckOutcome.Passing;
        _driver.Run(8);
        Assert.Equal(["i-000", "i-002"], _driver.Service().Serving.Endpoints.Select(endpoint => endpoint.Id));
        Assert.Equal(revision, _driver.Registry.Current.Revision);

        _driver.Registry.BringBack();
        _driver.Run(1);
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("i-001"));
        Assert.Equal(revision + 1, _driver.Registry.Current.Revision);
    }

    [Fact]
    public void A_transition_that_could_not_be_recorded_is_recorded_later_as_it_then_is()
    {
        _driver.Put(Tcp);
        _driver.Register("a");
        _driver.Run(1);
        _driver.Registry.Intercept = command => command is RecordHealth ? new CommandResult.Unavailable("full", TimeSpan.FromSeconds(1)) : null;
        _driver.World = _ => CheckOutcome.Critical;
        _driver.Run(10);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));

        _driver.Registry.Intercept = null;
        _driver.Turn();

        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void A_transition_that_was_taken_back_before_it_could_be_recorded_leaves_no_trace()
    {
        _driver.Put(Tcp);
        _driver.Register("a");
        _driver.Run(1);
        var revision = _driver.Registry.Current.Revision;
        _driver.Registry.Intercept = command => command is RecordHealth ? new CommandResult.Unavailable("full", TimeSpan.FromSeconds(1)) : null;
        _driver.World = _ => CheckOutcome.Critical;
        _driver.Run(10);
        _driver.World = _ => CheckOutcome.Passing;
        _driver.Run(10);

        _driver.Registry.Intercept = null;
        _driver.Turn();

        Assert.Equal(revision, _driver.Registry.Current.Revision);
    }

    [Fact]
    public void A_restore_that_brings_an_old_verdict_back_is_corrected()
    {
        _driver.Put(Tcp);
        _driver.World = _ => CheckOutcome.Critical;
        _driver.Register("a");
        _driver.Run(5);
        var old = _driver.Registry.Current;
        _driver.World = _ => CheckOutcome.Passing;
        _driver.Run(10);
        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));

        _driver.Registry.Restore(old);
        Assert.Equal(HealthStatus.Unhealthy, _driver.StatusOf("a"));
        _driver.Turn();

        Assert.Equal(HealthStatus.Healthy, _driver.StatusOf("a"));
    }

    [Fact]
    public void Ten_thousand_instances_cost_little_more_than_their_probes()
    {
        _driver.Put(Tcp);
        for (var i = 0; i < 10_000; i++)
        {
            _driver.Registry.Execute(new RegisterInstance(new($"s-{i / 50:D3}", $"i-{i % 50}"), new() { Address = "10.0.0.1", Port = 1000 + i % 50 }), new("self", ActorKind.Service));
        }

        _driver.Run(1);
        _driver.Probed.Clear();
        _driver.Run(2.2);

        Assert.All(_driver.Registry.Current.Services.Values.Where(service => service.Name != "orders"), service => Assert.Equal(50, service.EligibleCount));
        Assert.InRange(_driver.Probed.Count, 9_000, 13_000);
    }
}
