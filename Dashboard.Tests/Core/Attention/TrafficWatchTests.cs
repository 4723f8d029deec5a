using Dashboard.Core.Attention.Rules;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Core.Registry;

namespace Dashboard.Tests.Core.Attention;

/// <summary>Half to whole a minute of traffic, under the serving set as it is.</summary>
public sealed class TrafficWatchTests
{
    private readonly World _world = World.With(2);
    private readonly TrafficWatch _watch = new();
    private DateTimeOffset _until = Gens.Start.AddMinutes(1);

    [Fact]
    public void SharesAndFailures_AreAddedUp_OverHalfToAWholeMinute()
    {
        Steps(3, a: 600, b: 400, failures: 100);

        var reading = Step(600, 400, 100);

        Assert.Equal((4000, 400, 1000), (reading.Completed, reading.Failures, reading.Calls));
        Assert.Equal(0.1, reading.ErrorRate, 6);
        // The first two frames may hold requests from before the sample.
        Assert.Equal(new StraySharing("a", 0.5, 0.6, 2000), reading.Worst);
        Assert.Equal(2, reading.Wrong);
        Steps(12, 60, 40, 0);
        Assert.InRange(Step(60, 40, 0).Completed, 600, 1200);
        Assert.Equal(0, Step(60, 40, 0).Failures);
    }

    [Fact]
    public void WhatChanceExplains_IsNotAstray() => Assert.Null(Step(52, 48, 0).Worst);

    [Fact]
    public void AnotherServingSet_BeginsTheSampleAnew()
    {
        Steps(6, 50, 50, 0);
        _world.Time.SetUtcNow(_until);
        _world.Do(new SetWeights("orders", System.Collections.Immutable.ImmutableSortedDictionary<string, int?>.Empty.Add("a", 300)));

        // This frame ends after the change, but began before it.
        Assert.Null(Step(75, 25, 0).Worst);
        var reading = Steps(4, 75, 25, 0);
        Assert.Null(reading.Worst);
        Assert.Equal("a", Steps(4, 50, 50, 0).Worst?.Instance);
    }

    [Fact]
    public void WhoShouldGetNothing_IsTheWorst()
    {
        _world.Do(new DrainInstance(World.Key("b")) { Override = true, Reason = "test" });

        var reading = Steps(3, 95, 5, 0);

        Assert.Equal(("b", 0.0, 0.05), (reading.Worst!.Instance, reading.Worst.Intended, reading.Worst.Actual));
    }

    [Fact]
    public void TheSameFrame_CountsOnce_AndWhatIsNotCalledAnyMoreIsForgotten()
    {
        Step(50, 50, 0);
        Assert.Equal(100, Read(50, 50, 0).Completed);
        _until += TrafficStore.FrameRateWindow;

        Assert.Empty(_watch.Step(_world.Now, new() { Until = _until }, _until));
    }

    [Fact]
    public void ARestlessRegistry_IsNoNewSample()
    {
        Steps(4, 600, 400, 0);
        _world.Time.SetUtcNow(_until);
        _world.Health("a", HealthStatus.Degraded);

        Assert.Equal(("a", 3000), (Step(600, 400, 0).Worst?.Instance, Step(0, 0, 0).Worst?.Requests));
    }

    private TrafficReading Steps(int count, long a, long b, long failures)
    {
        for (var step = 1; step < count; step++)
            Step(a, b, failures);
        return Step(a, b, failures);
    }

    private TrafficReading Step(long a, long b, long failures)
    {
        _until += TrafficStore.FrameRateWindow;
        return Read(a, b, failures);
    }

    private TrafficReading Read(long a, long b, long failures)
    {
        var frame = new TrafficFrame
        {
            Until = _until,
            Services = new Dictionary<string, ServiceTraffic> { ["orders"] = new("orders", Figures(a + b, failures), 0, 0, true, _until) },
            Instances = new Dictionary<InstanceKey, InstanceTraffic>
            {
                [World.Key("a")] = new(World.Key("a"), Figures(a, 0), 0, 0, true, _until),
                [World.Key("b")] = new(World.Key("b"), Figures(b, 0), 0, 0, true, _until),
            },
        };
        return Assert.Single(_watch.Step(_world.Now, frame, _until));
    }

    private static TrafficFigures Figures(long requests, long failures) => new(requests, requests, failures, requests / 5.0, null, null, null);
}
