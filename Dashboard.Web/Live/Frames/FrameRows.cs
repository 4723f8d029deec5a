using System.Collections.Immutable;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Live.Frames;

/// <summary>From Core's words to rows on the wire.</summary>
internal static class FrameRows
{
    public static NodeRow Node(TopologyNode node) => new(
        node.Service, node.Namespace, (byte)node.Health, node.Healthy, node.Degraded, node.Unhealthy, node.Unknown, node.Total, node.Eligible,
        node.Serving, node.Draining, node.Drained, node.Panic, node.Brake,
        [.. node.Zones.Select(zone => new ZoneRow(zone.Zone, zone.Total, zone.Serving))], node.Neighbourhood.Length == 0 ? null : node.Neighbourhood, node.BackAt?.ToUnixTimeMilliseconds(), node.InMaintenance);

    public static LevelRow Traffic(KeyValuePair<string, OpenTraffic> traffic) => Traffic(traffic.Key, traffic.Value);

    public static LevelRow Traffic(string name, OpenTraffic traffic)
    {
        var level = traffic.Level;
        return new(
            name, (float)level.Rps, (float?)level.ErrorRate, traffic.InFlight, traffic.LongLived, traffic.InFlightKnown,
            (float?)level.P50Ms, (float?)level.P95Ms, (float?)level.P99Ms);
    }

    public static EdgeRow Edge(KeyValuePair<EdgeKey, TrafficLevel> edge)
    {
        var level = edge.Value;
        return new(edge.Key.Source, edge.Key.Target, (float)level.Rps, (float?)level.ErrorRate, (float?)level.P50Ms, (float?)level.P95Ms, (float?)level.P99Ms);
    }

    public static EdgeNameRow EdgeName(EdgeKey edge) => new(edge.Source, edge.Target);

    public static GhostRow Ghost(Ghost ghost) => new(ghost.Name, ghost.LeftAt.ToUnixTimeMilliseconds());

    public static InstanceRow Instance(InstanceDetail instance) => new(
        instance.Id, instance.Address, instance.Port, instance.Node, instance.Zone, instance.Version, instance.Weight,
        (byte)instance.Intent, (byte)instance.Health, instance.Serving, instance.Until?.ToUnixTimeMilliseconds());

    public static SampleRow Sample(TrafficPoint point) => new(
        point.At.ToUnixTimeMilliseconds(), (float?)point.Rps, (float?)point.ErrorRate, (float?)point.P50Ms, (float?)point.P95Ms, (float?)point.P99Ms);

    /// <summary>Rows of a list; nil on the wire where there are none.</summary>
    public static IReadOnlyList<TRow>? Rows<T, TRow>(IReadOnlyCollection<T> items, Func<T, TRow> row) =>
        items.Count == 0 ? null : [.. items.Select(row)];

    public static IReadOnlyList<GhostRow>? Ghosts(ImmutableArray<Ghost>? ghosts) => ghosts is { } all ? [.. all.Select(Ghost)] : null;
}
