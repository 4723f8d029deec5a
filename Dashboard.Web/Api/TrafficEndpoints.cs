using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>What traffic does: the graph of the mesh, and one service's instances.</summary>
internal static class TrafficEndpoints
{
    private static readonly TimeSpan DefaultWindow = TimeSpan.FromSeconds(60);

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("").WithTags("Traffic");
        group.MapGet("/topology", Topology).WithSummary("Services, calls between them, and what traffic does").Produces<TopologyDocument>();
        group.MapGet("/traffic/{service}", Traffic).WithSummary("Per instance: rates, latencies, what is open, intended against actual share")
            .Query("window", "1s to 15m, default 60s").Produces<TrafficDocument>().Faults(404);
    }

    private static IResult Topology(HttpContext http, IRegistry registry, TrafficStore traffic, TimeProvider time)
    {
        if (RequestInput.Without(http).Problem is { } problem)
            return problem;

        var frame = traffic.Feed.Current;
        var graph = TopologyGraph.Derive(registry.Current, frame, time.GetUtcNow());
        return Results.Ok(new TopologyDocument(
            graph.Generation,
            graph.Revision,
            graph.At,
            frame.Sequence == 0 ? null : frame.Until,
            registry.Availability.UnavailableSince,
            [.. graph.Nodes.Values.OrderBy(node => node.Service, StringComparer.Ordinal).Select(node => Describe(node, graph.TrafficOf(node.Service).Level))],
            [.. graph.Edges.OrderBy(edge => edge.Key.Source, StringComparer.Ordinal).ThenBy(edge => edge.Key.Target, StringComparer.Ordinal)
                .Select(edge => new TopologyEdgeDocument(edge.Key.Source, edge.Key.Target, edge.Value.Rps, edge.Value.ErrorRate, edge.Value.P50Ms, edge.Value.P95Ms, edge.Value.P99Ms))]));
    }

    private static IResult Traffic(HttpContext http, IRegistry registry, TrafficStore traffic)
    {
        var input = RequestInput.Without(http);
        var name = input.Service();
        var length = input.QueryDuration("window", TimeSpan.FromSeconds(1), TrafficStore.Retention) ?? DefaultWindow;
        if (input.Problem is { } problem)
            return problem;

        var snapshot = registry.Current;
        if (!snapshot.TryGetService(name, out var service))
            return Problems.NoService(name, snapshot.Revision);

        var window = traffic.Query(name, length);
        var shares = SharePrediction.For(service.Serving);
        var total = window.Instances.Sum(instance => instance.Figures.Requests);
        var ids = service.Instances.Keys.Union(window.Instances.Select(instance => instance.Key.Id), StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var figures = window.Total;
        return Results.Ok(new TrafficDocument(
            name,
            window.From,
            window.To,
            figures.Rps,
            figures.ErrorRate,
            figures.P50Ms,
            figures.P95Ms,
            figures.P99Ms,
            window.UnknownSeconds,
            shares.Approximate,
            [.. ids.Select(id => Describe(window.Of(id), shares, total))]));
    }

    private static TopologyNodeDocument Describe(TopologyNode node, TrafficLevel level) => new(
        node.Service,
        node.Health,
        node.Eligible,
        node.Serving,
        node.Total,
        node.Draining,
        node.Panic,
        level.Rps,
        level.ErrorRate,
        level.P50Ms,
        level.P95Ms,
        level.P99Ms);

    private static InstanceTrafficDocument Describe(InstanceTraffic traffic, SharePrediction shares, long total)
    {
        var evidence = new ShareEvidence(shares.Of(traffic.Key.Id), traffic.Figures.Requests, total);
        return new(
            traffic.Key.Id,
            traffic.Figures.Rps,
            traffic.Figures.ErrorRate,
            traffic.InFlight,
            traffic.LongLived,
            traffic.InFlightComplete,
            traffic.Figures.P50Ms,
            traffic.Figures.P95Ms,
            traffic.Figures.P99Ms,
            evidence.Intended,
            evidence.Actual,
            evidence.NoiseBand,
            shares.Approximate ? evidence.ZeroVerdict : evidence.Verdict);
    }
}
