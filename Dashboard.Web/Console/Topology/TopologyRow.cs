using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Topology;

/// <summary>A service as a row of the table: the facts of its mark in the graph.</summary>
public sealed record TopologyRow(TopologyNode Node, OpenTraffic Traffic)
{
    public MeshState State => StateOf(Node);

    /// <summary>From a share of errors of 1 %, the graph colours a call.</summary>
    public static bool IsTroubled(double? errorRate) => errorRate >= 0.01;

    public static MeshState StateOf(TopologyNode node) => node switch
    {
        { Panic: true } => MeshState.Panic,
        { Health: ServiceHealth.Unhealthy } => MeshState.Unhealthy,
        { Health: ServiceHealth.Degraded } => MeshState.Degraded,
        { Health: ServiceHealth.Healthy } => MeshState.Healthy,
        _ => MeshState.Unknown,
    };

    /// <summary>The most urgent first.</summary>
    public static int Urgency(MeshState state) => state switch
    {
        MeshState.Panic => 0,
        MeshState.Unhealthy => 1,
        MeshState.Degraded => 2,
        MeshState.Unknown => 3,
        _ => 4,
    };

    /// <summary>The services that a view lets through, by name.</summary>
    public static TopologyRow[] Of(TopologyGraph graph, TopologyView view)
    {
        var near = view.Focus is null ? null : Near(graph, view.Focus, view.Hops);
        return [.. graph.Nodes.Values
            .Where(node => near is null || near.Contains(node.Service))
            .Where(node => IsInside(graph, node, view))
            .Where(node => node.Service.Contains(view.Search.Trim(), StringComparison.OrdinalIgnoreCase))
            .Select(node => new TopologyRow(node, graph.TrafficOf(node.Service)))
            .Where(row => view.Filter != "trouble" || row.State != MeshState.Healthy || row.Node.Draining > 0 || IsTroubled(row.Traffic.Level.ErrorRate))
            .OrderBy(row => row.Node.Service, StringComparer.Ordinal)];
    }

    /// <summary>The calls among the rows, and to them from callers that the registry does not hold.</summary>
    public static KeyValuePair<EdgeKey, TrafficLevel>[] CallsOf(TopologyGraph graph, TopologyRow[] rows)
    {
        var shown = rows.Select(row => row.Node.Service).ToHashSet(StringComparer.Ordinal);
        return [.. graph.Edges
            .Where(edge => shown.Contains(edge.Key.Target) && (shown.Contains(edge.Key.Source) || !graph.Nodes.ContainsKey(edge.Key.Source)))
            .OrderBy(edge => edge.Key.Source, StringComparer.Ordinal).ThenBy(edge => edge.Key.Target, StringComparer.Ordinal)];
    }

    /// <summary>The group that a service belongs to under a grouping, named as the graph names it. By zone it may be in several: null.</summary>
    public static string? GroupOf(TopologyGraph graph, TopologyNode node, string grouping) => grouping switch
    {
        "namespace" => node.Namespace,
        "prefix" => FirstPart(node.Service),
        "neighbourhood" => node.Neighbourhood,
        "zone" => null,
        _ => graph.Nodes.Values.Select(other => other.Namespace).Distinct(StringComparer.Ordinal).Skip(1).Any() ? node.Namespace : FirstPart(node.Service),
    };

    private static bool IsInside(TopologyGraph graph, TopologyNode node, TopologyView view) =>
        view.Inside is not { } inside || (view.Grouping == "zone" ? node.Zones.Any(zone => zone.Zone == inside) : GroupOf(graph, node, view.Grouping) == inside);

    private static string FirstPart(string service) => service[..(service.IndexOfAny(['-', '.']) is >= 0 and var end ? end : service.Length)];

    private static HashSet<string> Near(TopologyGraph graph, string focus, int hops)
    {
        var near = new HashSet<string>(StringComparer.Ordinal) { focus };
        for (var hop = 0; hop < hops; hop++)
        {
            near.UnionWith(graph.Edges.Keys.Where(edge => near.Contains(edge.Source) || near.Contains(edge.Target)).SelectMany(edge => new[] { edge.Source, edge.Target }).ToArray());
        }

        return near;
    }
}
