using MessagePack;

namespace Dashboard.Web.Live.Frames;

/// <summary>
/// The graph, or what of it differs from the frame before. An array on the wire, as are its rows: <c>Client/src/frames.ts</c> reads them by these
/// indexes. Rates are per second, latencies in milliseconds, times in Unix milliseconds. An empty part is nil.
/// </summary>
/// <param name="Sequence">One more than the frame before it; after a gap the viewer asks for a full frame.</param>
/// <param name="StaleSince">Since when the registry's database is away; nil while it is reachable.</param>
/// <param name="Ghosts">All of them, or nil where they are as before.</param>
/// <param name="TrafficKnown">False of a moment of the past whose traffic nobody wrote down.</param>
[MessagePackObject]
public sealed record TopologyFrame(
    [property: Key(0)] byte Kind,
    [property: Key(1)] long Sequence,
    [property: Key(2)] long Revision,
    [property: Key(3)] string Generation,
    [property: Key(4)] long At,
    [property: Key(5)] long? StaleSince,
    [property: Key(6)] IReadOnlyList<NodeRow>? Nodes,
    [property: Key(7)] IReadOnlyList<string>? Removed,
    [property: Key(8)] IReadOnlyList<LevelRow>? Traffic,
    [property: Key(9)] IReadOnlyList<EdgeRow>? Edges,
    [property: Key(10)] IReadOnlyList<EdgeNameRow>? RemovedEdges,
    [property: Key(11)] IReadOnlyList<GhostRow>? Ghosts,
    [property: Key(12)] bool TrafficKnown = true);

/// <summary>A service's state.</summary>
/// <param name="Health">The number of a <see cref="Core.Topology.ServiceHealth"/>.</param>
/// <param name="Neighbourhood">The name of a service of the group that it mostly talks with; nil when it is in none.</param>
/// <param name="BackAt">When the first maintenance of its instances ends by itself; nil when none does.</param>
[MessagePackObject]
public sealed record NodeRow(
    [property: Key(0)] string Service,
    [property: Key(1)] string Namespace,
    [property: Key(2)] byte Health,
    [property: Key(3)] int Healthy,
    [property: Key(4)] int Degraded,
    [property: Key(5)] int Unhealthy,
    [property: Key(6)] int Unknown,
    [property: Key(7)] int Total,
    [property: Key(8)] int Eligible,
    [property: Key(9)] int Serving,
    [property: Key(10)] int Draining,
    [property: Key(11)] int Drained,
    [property: Key(12)] bool Panic,
    [property: Key(13)] bool Brake,
    [property: Key(14)] IReadOnlyList<ZoneRow> Zones,
    [property: Key(15)] string? Neighbourhood = null,
    [property: Key(16)] long? BackAt = null,
    [property: Key(17)] int InMaintenance = 0);

[MessagePackObject]
public sealed record ZoneRow([property: Key(0)] string Zone, [property: Key(1)] int Total, [property: Key(2)] int Serving);

/// <summary>What traffic does at a service or an instance.</summary>
/// <param name="ErrorRate">0-1; nil when nothing completed.</param>
/// <param name="InFlightKnown">False when a reporter is silent: there may be more in flight.</param>
[MessagePackObject]
public sealed record LevelRow(
    [property: Key(0)] string Name,
    [property: Key(1)] float Rps,
    [property: Key(2)] float? ErrorRate,
    [property: Key(3)] long InFlight,
    [property: Key(4)] long LongLived,
    [property: Key(5)] bool InFlightKnown,
    [property: Key(6)] float? P50,
    [property: Key(7)] float? P95,
    [property: Key(8)] float? P99);

[MessagePackObject]
public sealed record EdgeRow(
    [property: Key(0)] string Source,
    [property: Key(1)] string Target,
    [property: Key(2)] float Rps,
    [property: Key(3)] float? ErrorRate,
    [property: Key(4)] float? P50,
    [property: Key(5)] float? P95,
    [property: Key(6)] float? P99);

[MessagePackObject]
public sealed record EdgeNameRow([property: Key(0)] string Source, [property: Key(1)] string Target);

[MessagePackObject]
public sealed record GhostRow([property: Key(0)] string Name, [property: Key(1)] long LeftAt);
