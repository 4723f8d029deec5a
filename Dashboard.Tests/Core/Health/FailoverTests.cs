using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Xunit;

namespace Dashboard.Tests.Core.Health;

public sealed class FailoverTests
{
    private static readonly ServiceSettings Settings = ServiceSettings.Default with { RemoveAfter = TimeSpan.FromSeconds(60), MinEligible = 0, MinEligiblePercent = 0 };

    private readonly EngineDriver _driver = new();

    [Fact]
    public void Who_stays_unhealthy_longer_than_removeAfter_is_removed_and_the_reason_is_written_down()
    {
        Start(10);
        Kill("i-004");
        _driver.RunUntil(() => _driver.StatusOf("i-004") == HealthStatus.Unhealthy, atMostSeconds: 8);

        _driver.Run(60);
        Assert.Contains("i-004", _driver.Service().Instances.Keys);
        _driver.Run(0.02);

        Assert.DoesNotContain("i-004", _driver.Service().Instances.Keys);
        var removal = _driver.Registry.History.Last(change => change.Action == "instance.remove");
        Assert.Equal("orders/i-004", removal.Target);
        Assert.Equal("unhealthy or silent for more than 60 s, last: connection refused", removal.Reason);
        Assert.Equal(new Actor("health", ActorKind.System), removal.Actor);
    }

    [Fact]
    public void Who_returns_in_time_is_not_removed_and_the_time_counts_anew()
    {
        Start(10);
        for (var i = 0; i < 3; i++)
        {
            Kill("i-004");
            _driver.Run(60);
            Kill();
            _driver.Run(10);
        }

        Assert.Equal(10, _driver.Service().EligibleCount);
    }

    [Fact]
    public void Zero_means_never()
    {
        Start(10, Settings with { RemoveAfter = TimeSpan.Zero });
        Kill("i-004");

        _driver.Run(600);

        Assert.Equal(10, _driver.Service().Instances.Count);
    }

    [Fact]
    public void After_a_restart_an_old_verdict_alone_removes_nobody()
    {
        Start(10);
        Kill("i-004");
        _driver.Run(30);
        _driver.Time.Advance(TimeSpan.FromHours(1));
        Kill();

        _driver.Restart();
        _driver.Run(10);

        Assert.Equal(10, _driver.Service().EligibleCount);
    }

    [Fact]
    public void After_a_restart_who_was_unhealthy_long_before_goes_once_that_is_confirmed()
    {
        Start(10);
        Kill("i-004");
        _driver.Run(30);
        _driver.Time.Advance(TimeSpan.FromHours(1));

        _driver.Restart();
        var took = _driver.RunUntil(() => _driver.Service().Instances.Count == 9, atMostSeconds: 8);

        Assert.InRange(took.TotalSeconds, 3.5, 7);
    }

    [Fact]
    public void Intent_and_weight_outlive_the_removal()
    {
        Start(10);
        var key = new InstanceKey("orders", "i-004");
        _driver.Execute(new DrainInstance(key));
        Kill("i-004");
        _driver.Run(80);
        Assert.Null(_driver.Registry.Current.FindInstance(key));

        Kill();
        _driver.Register("i-004", port: 1004);
        _driver.Run(2);

        Assert.Equal(IntentKind.Draining, _driver.Registry.Current.FindInstance(key)!.EffectiveIntent.Kind);
        Assert.DoesNotContain(_driver.Service().Serving.Endpoints, endpoint => endpoint.Id == "i-004");
    }

    [Fact]
    public void A_mass_loss_engages_the_brake_and_nobody_is_removed()
    {
        Start(10);
        Kill("i-001", "i-002", "i-003");

        _driver.Run(300);

        Assert.Equal(10, _driver.Service().Instances.Count);
        Assert.Equal((3, 10), (_driver.Service().Brake!.Lost, _driver.Service().Brake!.Total));
        Assert.Equal(7, _driver.Service().EligibleCount);
    }

    [Theory]
    [InlineData(10, 2)]
    [InlineData(20, 3)]
    [InlineData(100, 15)]
    public void Fewer_than_three_or_no_more_than_fifteen_percent_are_ordinary_losses(int total, int lost)
    {
        Start(total);
        Kill([.. Enumerable.Range(0, lost).Select(i => $"i-{i:D3}")]);

        _driver.Run(80);

        Assert.Null(_driver.Service().Brake);
        Assert.Equal(total - lost, _driver.Service().Instances.Count);
    }

    [Fact]
    public void Losses_one_after_the_other_do_not_engage_it()
    {
        Start(10, Settings with { RemoveAfter = TimeSpan.FromMinutes(30) });
        for (var i = 1; i <= 4; i++)
        {
            Kill([.. Enumerable.Range(0, i).Select(n => $"i-{n:D3}")]);
            _driver.Run(20);
        }

        Assert.Null(_driver.Service().Brake);
        Assert.Equal(6, _driver.Service().EligibleCount);
    }

    [Fact]
    public void The_brake_releases_itself_when_they_return_and_ordinary_failover_goes_on()
    {
        Start(10);
        Kill("i-001", "i-002", "i-003");
        _driver.Run(30);
        Assert.NotNull(_driver.Service().Brake);

        Kill("i-003");
        _driver.Run(10);
        Assert.Null(_driver.Service().Brake);

        _driver.Run(60);
        Assert.Equal(9, _driver.Service().Instances.Count);
    }

    [Fact]
    public void An_operator_releases_it_and_the_same_losses_do_not_engage_it_again()
    {
        Start(10);
        Kill("i-001", "i-002", "i-003");
        _driver.Run(30);

        _driver.Execute(new SetBrake("orders", null));
        _driver.Run(5);
        Assert.Null(_driver.Service().Brake);

        _driver.Run(60);
        Assert.Null(_driver.Service().Brake);
        Assert.Equal(7, _driver.Service().Instances.Count);
    }

    [Fact]
    public void A_new_mass_loss_after_the_release_engages_it_again()
    {
        Start(20);
        Kill("i-001", "i-002", "i-003", "i-004");
        _driver.Run(20);
        _driver.Execute(new SetBrake("orders", null));
        _driver.Run(2);

        Kill("i-001", "i-002", "i-003", "i-004", "i-005", "i-006", "i-007", "i-008");
        _driver.Run(20);

        Assert.Equal(4, _driver.Service().Brake!.Lost);
    }

    [Fact]
    public void An_engaged_brake_is_taken_over_after_a_restart()
    {
        Start(10);
        Kill("i-001", "i-002", "i-003");
        _driver.Run(30);

        _driver.Restart();
        _driver.Run(120);
        Assert.Equal(10, _driver.Service().Instances.Count);
        Assert.NotNull(_driver.Service().Brake);

        Kill();
        _driver.Run(10);
        Assert.Null(_driver.Service().Brake);
    }

    [Fact]
    public void The_numbers_follow_when_more_are_lost_after_it_engaged()
    {
        Start(20);
        Kill("i-001", "i-002", "i-003", "i-004");
        _driver.Run(20);
        Kill("i-001", "i-002", "i-003", "i-004", "i-005", "i-006");
        _driver.Run(30);

        Assert.Equal(6, _driver.Service().Brake!.Lost);
        Assert.InRange(_driver.Registry.History.Count(change => change.Action == "service.brake.engage"), 2, 4);
    }

    [Fact]
    public void What_an_operator_took_out_is_not_lost_when_it_falls_silent()
    {
        Start(10);
        foreach (var id in new[] { "i-001", "i-002", "i-003", "i-004" })
        {
            _driver.Execute(new DrainInstance(new("orders", id)));
        }

        Kill("i-001", "i-002", "i-003", "i-004");
        _driver.Run(30);

        Assert.Null(_driver.Service().Brake);
    }

    [Fact]
    public void A_deploy_that_never_becomes_healthy_is_no_loss()
    {
        _driver.Put(Settings);
        _driver.World = _ => CheckOutcome.Critical;
        _driver.RegisterMany(10);
        _driver.Run(30);

        Assert.Null(_driver.Service().Brake);
    }

    [Fact]
    public void Silence_of_many_ttl_instances_engages_it_even_when_their_leases_end_far_apart()
    {
        _driver.Put(Settings with { Check = new() { Kind = CheckKind.Ttl } });
        for (var i = 0; i < 10; i++)
        {
            _driver.Register($"i-{i}", ttl: TimeSpan.FromSeconds(20), port: 1 + i);
            _driver.Beat($"i-{i}");
            _driver.Run(1.8);
        }

        _driver.Run(200);

        Assert.NotNull(_driver.Service().Brake);
        Assert.Equal(10, _driver.Service().Instances.Count);
    }

    [Fact]
    public void A_removeAfter_shorter_than_one_lease_waits_for_the_lease_so_that_the_brake_can_see()
    {
        Start(10, Settings with { RemoveAfter = TimeSpan.FromSeconds(1) });
        Kill([.. Enumerable.Range(0, 10).Select(i => $"i-{i:D3}")]);

        _driver.Run(60);

        Assert.Equal(10, _driver.Service().Instances.Count);
        Assert.NotNull(_driver.Service().Brake);
    }

    [Fact]
    public void While_the_store_is_away_nobody_is_removed_and_it_goes_on_afterwards()
    {
        Start(10);
        _driver.Registry.TakeAway();
        Kill("i-004");
        _driver.Run(120);
        Assert.Equal(10, _driver.Service().Instances.Count);

        _driver.Registry.BringBack();
        _driver.Run(1);
        Assert.Equal(9, _driver.Service().Instances.Count);
    }

    private void Start(int count, ServiceSettings? settings = null)
    {
        _driver.Put(settings ?? Settings);
        _driver.RegisterMany(count);
        _driver.Run(3);
        Assert.Equal(count, _driver.Service().EligibleCount);
    }

    /// <summary>From now on exactly these do not answer.</summary>
    private void Kill(params string[] ids) => _driver.World = key => ids.Contains(key.Id) ? CheckOutcome.Critical : CheckOutcome.Passing;
}
