using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dashboard.Tests.Core.Topology;

public sealed class TrafficRationTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly TopologyGraph _mesh;

    public TrafficRationTests()
    {
        var registry = new InMemoryRegistry(_time);
        foreach (var service in Enumerable.Range(0, 50))
        {
            registry.Apply(new Dashboard.Core.Registry.Commands.RegisterInstance(new($"s-{service}", "i"), new() { Address = "10.0.0.1", Port = 8000 + service }));
        }

        _mesh = TopologyGraph.Derive(registry.Current, TrafficFrame.Empty, _time.GetUtcNow());
    }

    [Fact]
    public void A_small_delta_goes_whole()
    {
        var (told, now) = (With(_ => 10, 100), With(_ => 11, 100));
        var delta = TopologyDelta.Between(told, now);

        Assert.Same(delta, TrafficRation.Of(delta, told, now, 1));
    }

    [Fact]
    public void Of_a_large_mesh_at_most_the_ration_goes_and_what_moved_most_goes_first()
    {
        // All sway within their noise; one call falls by a third, which is far more than noise.
        var (told, now) = (With(_ => 100, 2000), With(edge => edge == 1234 ? 65 : 101, 2000));

        var delta = TrafficRation.Of(TopologyDelta.Between(told, now), told, now, 1);

        Assert.InRange(delta.Edges.Length, 1, 250);
        Assert.Contains(delta.Edges, edge => edge.Key == Call(1234));
    }

    [Fact]
    public void What_starts_stops_doubles_or_begins_to_fail_goes_at_once_however_much_it_is()
    {
        var told = With(edge => edge < 500 ? 0 : 100, 3000);
        var now = With(edge => edge < 500 ? 50 : edge < 1000 ? 0 : edge < 1500 ? 250 : 101, 3000, edge => edge is >= 1500 and < 2000 ? 0.05 : 0);

        var delta = TrafficRation.Of(TopologyDelta.Between(told, now), told, now, 1);

        Assert.Superset(Enumerable.Range(0, 2000).Select(Call).ToHashSet(), delta.Edges.Select(edge => edge.Key).ToHashSet());
        Assert.True(delta.Edges.Length < 2500);
    }

    [Fact]
    public void Every_number_is_told_within_its_turns()
    {
        var (told, now) = (With(_ => 100, 3000), With(_ => 101, 3000));
        for (var turn = 0; turn < TrafficRation.Turns; turn++)
        {
            told = told.Apply(TrafficRation.Of(TopologyDelta.Between(told, now), told, now, turn));
        }

        Assert.True(told.ShowsTheSameAs(now));
    }

    private static EdgeKey Call(int edge) => new($"caller-{edge / 50}", $"s-{edge % 50}");

    private TopologyGraph With(Func<int, double> rps, int edges, Func<int, double>? errors = null) => _mesh.WithTraffic(
        new()
        {
            Edges = Enumerable.Range(0, edges).ToDictionary(Call, edge => new EdgeTraffic(
                Call(edge), new((long)rps(edge) * 5, 1000, (long)((errors?.Invoke(edge) ?? 0) * 1000), rps(edge), 1, 2, 3), DateTimeOffset.UnixEpoch)),
        },
        _time.GetUtcNow());
}
