using System.Collections.Immutable;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Rules;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Core.Registry;

namespace Dashboard.Tests.Core.Attention;

/// <summary>Each rule finds what it is about, with what is known as evidence, and nothing else.</summary>
public sealed class RuleTests
{
    private static readonly DateTimeOffset Now = Gens.Start + TimeSpan.FromHours(1);

    [Fact]
    public void AWholeMesh_NeedsNoAttention() => Assert.Empty(Find(World.With(4)));

    [Fact]
    public void AnInstanceThatShouldTakeTraffic_FailsItsChecks()
    {
        var world = World.With(4);
        world.Health("b", HealthStatus.Unhealthy);

        var finding = Assert.Single(Find(world));

        Assert.Equal((AlertRule.InstanceUnhealthy, "orders/b", "orders", "b", "n-b"), (finding.Key.Rule, finding.Key.Target, finding.Service, finding.Instance, finding.Node));
        Assert.Equal("b of orders is unhealthy", finding.Summary);
        Assert.Equal("Seen; 3 in a row.", finding.Evidence);
        Assert.Equal("/services/orders?instance=b", finding.Place);
        Assert.Equal(world.Instance("b").Health!.Since, finding.Since);
    }

    [Theory]
    [InlineData(HealthStatus.Degraded)]
    [InlineData(HealthStatus.Unknown)]
    public void ADegradedOrUnjudgedInstance_IsNotUnhealthy(HealthStatus status)
    {
        var world = World.With(4);
        if (status == HealthStatus.Unknown)
            world.Register("e", 8100);
        else
            world.Health("b", status);

        Assert.Empty(Find(world));
    }

    [Fact]
    public void AnUnhealthyInstanceThatAnOperatorTookOut_NeedsNoAttention()
    {
        var world = World.With(4);
        world.Health("b", HealthStatus.Unhealthy);
        world.Do(new SetMaintenance(World.Key("b"), null) { Override = true, Reason = "repair" });

        Assert.Empty(Find(world));
    }

    [Fact]
    public void AHostWhoseInstancesAllFail_IsOneFindingOfItsOwn()
    {
        var world = World.With(8);
        world.Register("x", 9001, node: "host");
        world.Register("y", 9002, node: "host");
        world.Health("x", HealthStatus.Unhealthy);
        Assert.DoesNotContain(Find(world), finding => finding.Key.Rule == AlertRule.NodeUnhealthy);
        world.Health("y", HealthStatus.Healthy);
        Assert.DoesNotContain(Find(world), finding => finding.Key.Rule == AlertRule.NodeUnhealthy);

        world.Health("y", HealthStatus.Unhealthy);

        var finding = Assert.Single(Find(world), finding => finding.Key.Rule == AlertRule.NodeUnhealthy);
        Assert.Equal(("node:host", "host", "/nodes?node=host"), (finding.Key.Target, finding.Node, finding.Place));
        Assert.Contains("All 2 instances", finding.Evidence, StringComparison.Ordinal);
        // What fell with its host is not told of one by one.
        Assert.DoesNotContain(Find(world), each => each.Key.Rule == AlertRule.InstanceUnhealthy);
        world.Health("y", HealthStatus.Healthy);
        Assert.Equal(["orders/x"], Find(world).Where(each => each.Key.Rule == AlertRule.InstanceUnhealthy).Select(each => each.Key.Target));
        // Whose own alert fires by then keeps it.
        world.Time.Advance(RuleBook.Of(AlertRule.InstanceUnhealthy).Defaults.For);
        world.Health("y", HealthStatus.Unhealthy);
        Assert.Equal(["orders/x"], Find(world).Where(each => each.Key.Rule == AlertRule.InstanceUnhealthy).Select(each => each.Key.Target));
        // A third that is well: the host is up, whatever ails the two.
        world.Register("z", 9003, node: "host");
        world.Health("z", HealthStatus.Healthy);
        Assert.DoesNotContain(Find(world), each => each.Key.Rule == AlertRule.NodeUnhealthy);
        world.Health("z", HealthStatus.Unhealthy);
        // Whoever wants to hear of hosts alone switches the other rule off.
        var hosts = new AttentionOptions(new Dictionary<AlertRule, RuleSettings> { [AlertRule.InstanceUnhealthy] = RuleBook.Of(AlertRule.InstanceUnhealthy).Defaults with { Enabled = false } });
        Assert.Equal([AlertRule.NodeUnhealthy], Find(world, hosts).Select(each => each.Key.Rule));
    }

    [Theory]
    // One more lost instance brings panic below 50 %.
    [InlineData(4, 2, 50, 0, true)]
    [InlineData(5, 3, 50, 0, true)]
    [InlineData(10, 6, 50, 0, false)]
    // 6 of 10 is within 10 points of 50 %, not counting 60 % itself.
    [InlineData(10, 6, 50, 10, false)]
    [InlineData(10, 6, 50, 10.1, true)]
    // Whole, or nothing left, or no threshold: not near.
    [InlineData(1, 1, 50, 50, false)]
    [InlineData(2, 2, 50, 10, false)]
    [InlineData(3, 0, 50, 10, false)]
    [InlineData(3, 1, 0, 10, false)]
    public void NearPanic_IsWhenLittleMoreBringsIt(int judged, int eligible, int threshold, double margin, bool near) =>
        Assert.Equal(near, ServiceRules.IsNearPanic(eligible, judged, threshold, margin));

    [Fact]
    public void Panic_NotNearPanic_AndNobodyServing_AreThreeThings()
    {
        var world = World.With(4);
        world.Health("a", HealthStatus.Unhealthy);
        world.Health("b", HealthStatus.Unhealthy);
        Assert.Equal([AlertRule.ServiceNearPanic], OfServices(world));
        world.Health("c", HealthStatus.Unhealthy);
        Assert.Equal([AlertRule.ServiceInPanic], OfServices(world));
        foreach (var id in new[] { "a", "b", "c", "d" })
            world.Do(new SetMaintenance(World.Key(id), null) { Override = true, Reason = "all of it" });
        Assert.Equal([AlertRule.ServiceNotServing], OfServices(world));
        Assert.Contains("Every instance is draining, drained or in maintenance", Find(world).Single().Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void NobodyRegistered_MattersOnlyWhileItIsCalled()
    {
        var world = new World();
        world.Do(new PutService("orders", ServiceSettings.Default));
        Assert.Empty(Find(world));

        var finding = Assert.Single(Find(world, traffic: new TrafficReading("orders", 0, 0, null, 0, 12)));

        Assert.Equal((AlertRule.ServiceNotServing, "No instance is registered, and it is called."), (finding.Key.Rule, finding.Evidence));
    }

    [Theory]
    [InlineData(1000, 50, false)]
    [InlineData(1000, 51, true)]
    [InlineData(49, 49, false)]
    [InlineData(50, 50, true)]
    public void Failures_CountAboveTheThreshold_OfFiftyOrMore(long completed, long failures, bool found) =>
        Assert.Equal(found, Find(World.With(2), traffic: new TrafficReading("orders", completed, failures, null, 0, 10)).Any(finding => finding.Key.Rule == AlertRule.ServiceFailing));

    [Theory]
    [InlineData(0.5, 0.6, true)]
    [InlineData(0.5, 0.59, false)]
    [InlineData(0, 0.01, true)]
    [InlineData(0, 0.009, false)]
    public void AShare_IsAstrayAtTheThreshold_OrWhereNothingShouldBe(double intended, double actual, bool found)
    {
        var findings = Find(World.With(2), traffic: new TrafficReading("orders", 1000, 0, new("a", intended, actual, 1000), 2, 10));

        Assert.Equal(found, findings.Any(finding => finding.Key.Rule == AlertRule.ShareAstray));
        if (actual == 0.6)
            Assert.Equal("a gets 60 % of the requests instead of 50 %, and 1 more are off, in a sample of 1,000.", findings.Single().Evidence);
    }

    [Fact]
    public void ADrain_IsOverdueFromItsDeadlineOn()
    {
        var world = World.With(4);
        var drained = world.Do(new DrainInstance(World.Key("a")) { Deadline = TimeSpan.FromMinutes(5), AtDeadline = DeadlineAction.Hold });
        var deadline = world.Now.Operations[drained.Operation!.Value].Deadline!.Value;

        Assert.Empty(Find(world, now: deadline - TimeSpan.FromTicks(1)));
        var finding = Assert.Single(Find(world, now: deadline));

        Assert.Equal(($"operation:{drained.Operation}", deadline, $"/operations/{drained.Operation}", "orders", "a"), (finding.Key.Target, finding.Since, finding.Place, finding.Service, finding.Instance));
        Assert.Contains("orders/a is past its deadline", finding.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void TheBrake_IsToldWithItsNumbers()
    {
        var world = World.With(4);
        world.Do(new SetBrake("orders", new(Now, 3, 4)));

        var finding = Assert.Single(Find(world));

        Assert.Equal((AlertRule.BrakeEngaged, "3 of 4 instances were lost within one lease.", (DateTimeOffset?)Now), (finding.Key.Rule, finding.Evidence, finding.Since));
    }

    [Fact]
    public void APlan_IsToldWhenItPausedByItself_NotWhenSomebodyPausedIt()
    {
        var world = World.With(4);
        var plan = world.Do(new StartPlan(PlanKind.Drain, new() { Service = "orders", Instances = [World.Key("a")] })).Change!.Changes.OfType<PlanChange>().Single().Id;
        world.Do(new PausePlan(plan, "paused by ann"));
        Assert.Empty(Find(world));
        world.Do(new ResumePlan(plan));
        world.Do(new PausePlan(plan, "orders fails at 4 %."), Actor.System("operations"));

        var finding = Assert.Single(Find(world));

        Assert.Equal((AlertRule.PlanPaused, "orders fails at 4 %.", $"/plans/{plan}", "orders"), (finding.Key.Rule, finding.Evidence, finding.Place, finding.Service));
    }

    [Fact]
    public void DataPlanes_AreToldWhenTheyRefuse_LagOrAreMissed()
    {
        var since = Now - TimeSpan.FromMinutes(1);
        var behind = new FollowerStanding { Id = "edge-1", State = FollowerState.Behind, LagSince = since, Lacks = ["cart", "orders"] };
        var refused = new FollowerStanding { Id = "edge-2", State = FollowerState.Refused, Follower = new() { Id = "edge-2", Kind = FollowerKind.Xds, Since = since, LastSeen = since, LastRefusal = "unknown field foo" } };
        var gone = new FollowerStanding { Id = "edge-3", State = FollowerState.Silent, WaitedForBy = [7], LagSince = since };
        var idle = new FollowerStanding { Id = "edge-4", State = FollowerState.Silent };
        var catching = new FollowerStanding { Id = "edge-5", State = FollowerState.CatchingUp };

        var findings = Find(World.With(2), followers: [behind, refused, gone, idle, catching]);

        Assert.Equal(["followerBehind:follower:edge-1", "followerRefused:follower:edge-2", "followerBehind:follower:edge-3"], findings.Select(finding => finding.Name));
        Assert.Equal(["It has not taken the last change of cart, orders.", "Unknown field foo.", "1 open operation waits for its acknowledgement."], findings.Select(finding => finding.Evidence));
        Assert.Equal([since, null, null], findings.Select(finding => finding.Since));
    }

    [Fact]
    public void TheRegistryItself_IsToldWhenItsStoreIsAwayOrItIsWithheld()
    {
        var world = World.With(2);
        var away = new RegistryAvailability(Now, Now, "connection refused");
        Assert.Equal([AlertRule.StoreAway], Find(world, availability: away).Select(finding => finding.Key.Rule));
        world.Do(new WithholdRegistry(Guid.NewGuid(), 12));

        var finding = Assert.Single(Find(world));

        Assert.Equal((AlertRule.RegistryWithheld, "registry:"), (finding.Key.Rule, finding.Key.Target));
        Assert.Contains("12 services", finding.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void ARuleThatIsOff_FindsNothing()
    {
        var off = new AttentionOptions(RuleBook.All.ToDictionary(rule => rule.Rule, rule => rule.Defaults with { Enabled = false }));
        var world = World.With(4);
        foreach (var id in new[] { "a", "b", "c", "d" })
            world.Health(id, HealthStatus.Unhealthy);
        world.Do(new SetBrake("orders", new(Now, 3, 4)));

        Assert.NotEmpty(Find(world));
        Assert.Empty(Find(world, off, traffic: new TrafficReading("orders", 100, 100, new("a", 0.5, 1, 100), 2, 10)));
    }

    [Fact]
    public void WhatDidNotChange_IsNotLookedAtAgain()
    {
        var world = World.With(4);
        world.Health("b", HealthStatus.Unhealthy);
        var evaluator = new RuleEvaluator(new());
        var first = Evaluate(evaluator, world);

        world.Do(new PutService("cart", ServiceSettings.Default));
        var second = Evaluate(evaluator, world);

        Assert.Same(first.Single(), second.Single());
        world.Health("b", HealthStatus.Healthy);
        Assert.Empty(Evaluate(evaluator, world));
    }

    [Fact]
    public void EveryRule_IsDescribedOnce() => Assert.Equal(Enum.GetValues<AlertRule>().Order(), RuleBook.All.Select(rule => rule.Rule).Order());

    private static IEnumerable<AlertRule> OfServices(World world) => Find(world).Select(finding => finding.Key.Rule).Where(rule => rule != AlertRule.InstanceUnhealthy);

    private static List<Finding> Evaluate(RuleEvaluator evaluator, World world)
    {
        var findings = new List<Finding>();
        evaluator.Evaluate(KnownOf(world, null, [], []), Now, findings);
        return findings;
    }

    private static List<Finding> Find(
        World world, AttentionOptions? options = null, RegistryAvailability? availability = null, ImmutableArray<FollowerStanding>? followers = null, TrafficReading? traffic = null, DateTimeOffset? now = null)
    {
        var findings = new List<Finding>();
        new RuleEvaluator(options ?? new()).Evaluate(KnownOf(world, availability, followers ?? [], traffic is null ? [] : [traffic]), now ?? world.Time.GetUtcNow(), findings);
        return findings;
    }

    private static Known KnownOf(World world, RegistryAvailability? availability, ImmutableArray<FollowerStanding> followers, ImmutableArray<TrafficReading> traffic) =>
        new(world.Now, availability ?? new(null, Now, null), OperationBoard.Empty, followers, traffic);
}
