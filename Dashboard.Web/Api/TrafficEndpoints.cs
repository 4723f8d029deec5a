using Dashboard.Core.Balancing;
using Dashboard.Core.History;
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
        group.MapGet("/topology", TopologyAsync).WithSummary("Services, calls between them, and what traffic does").Query("at", At).Produces<TopologyDocument>().Faults(503);
        group.MapGet("/traffic/{service}", TrafficAsync).WithSummary("Per instance: rates, latencies, what is open, intended against actual share")
            .Query("window", "1s to 15m, default 60s").Query("at", At).Produces<TrafficDocument>().Faults(404, 503);
    }

    private const string At = "A moment of the past, for example 2026-11-23T09:41:00Z: everything as it was then; left out = now";

    private static async Task<IResult> TopologyAsync(HttpContext http, IRegistry registry, TrafficStore traffic, MeshHistory history, TimeProvider time)
    {
        var input = RequestInput.Without(http);
        var past = await PastAsync(http, input, history);
        if (input.Problem is { } problem)
            return problem;

        var frame = past?.Traffic ?? traffic.Feed.Current;
        var graph = TopologyGraph.Derive(past?.Registry ?? registry.Current, frame, past?.At ?? time.GetUtcNow());
        return Results.Ok(new TopologyDocument(
            graph.Generation,
            graph.Revision,
            graph.At,
            frame.Sequence == 0 ? null : frame.Until,
            past is null ? registry.Availability.UnavailableSince : null,
            past?.Grain,
            [.. graph.Nodes.Values.OrderBy(node => node.Service, StringComparer.Ordinal).Select(node => Describe(node, graph.TrafficOf(node.Service).Level, past is null || frame.FiguresOf(node.Service) is not null))],
            [.. graph.Edges.OrderBy(edge => edge.Key.Source, StringComparer.Ordinal).ThenBy(edge => edge.Key.Target, StringComparer.Ordinal)
                .Select(edge => new TopologyEdgeDocument(edge.Key.Source, edge.Key.Target, edge.Value.Rps, edge.Value.ErrorRate, edge.Value.P50Ms, edge.Value.P95Ms, edge.Value.P99Ms))]));
    }

    private static async Task<IResult> TrafficAsync(HttpContext http, IRegistry registry, TrafficStore traffic, MeshHistory history)
    {
        var input = RequestInput.Without(http);
        var name = input.Service();
        var length = input.QueryDuration("window", TimeSpan.FromSeconds(1), TrafficStore.Retention) ?? DefaultWindow;
        var past = await PastAsync(http, input, history);
        if (input.Problem is { } problem)
            return problem;

        var snapshot = past?.Registry ?? registry.Current;
        if (!snapshot.TryGetService(name, out var service))
            return Problems.NoService(name, snapshot.Revision);

        var window = past?.Window(name, length) ?? traffic.Query(name, length);
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

    /// <summary>The mesh at the moment that <c>at</c> names; null without one, or where there is a fault, which is told.</summary>
    private static async Task<PastMesh?> PastAsync(HttpContext http, RequestInput input, MeshHistory history)
    {
        if (input.QueryTime("at") is not { } at)
            return null;

        var answer = await history.AtAsync(at, http.RequestAborted);
        if (answer.Problem is { } fault)
            input.Fault("query.at", fault);
        return answer.Mesh;
    }

    private static TopologyNodeDocument Describe(TopologyNode node, TrafficLevel level, bool known) => new(
        node.Service,
        node.Health,
        node.Eligible,
        node.Serving,
        node.Total,
        node.Draining,
        node.Drained,
        node.InMaintenance,
        node.BackAt,
        node.Panic,
        known ? level.Rps : null,
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
