using Dashboard.Core.History;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Api;

/// <param name="Until">The end of the seconds that the traffic covers; null before the first report, or where it is unknown.</param>
/// <param name="Grain">Of a moment of the past: whether its traffic is known by the second, by its minute, or not; null = now.</param>
internal sealed record TopologyDocument(
    Guid Generation,
    long Revision,
    DateTimeOffset At,
    DateTimeOffset? Until,
    DateTimeOffset? StaleSince,
    TrafficGrain? Grain,
    IReadOnlyList<TopologyNodeDocument> Nodes,
    IReadOnlyList<TopologyEdgeDocument> Edges);

/// <param name="BackAt">When the first maintenance of its instances ends by itself, unless it is renewed; null when none does.</param>
/// <param name="Rps">Null where the moment's traffic is unknown.</param>
internal sealed record TopologyNodeDocument(
    string Service,
    ServiceHealth Health,
    int Eligible,
    int Serving,
    int Total,
    int Draining,
    int Drained,
    int InMaintenance,
    DateTimeOffset? BackAt,
    bool Panic,
    double? Rps,
    double? ErrorRate,
    double? P50Ms,
    double? P95Ms,
    double? P99Ms);

/// <summary>Calls; latencies are null when none was measured.</summary>
/// <param name="Source">A service, or <c>external</c> or <c>unknown</c>.</param>
internal sealed record TopologyEdgeDocument(string Source, string Target, double Rps, double? ErrorRate, double? P50Ms, double? P95Ms, double? P99Ms);

/// <summary>A service's traffic in a window that ends with the last second that was reported in full.</summary>
/// <param name="UnknownSeconds">Seconds of the window of which some traffic was never reported: the figures lack it.</param>
internal sealed record TrafficDocument(
    string Service,
    DateTimeOffset From,
    DateTimeOffset To,
    double Rps,
    double? ErrorRate,
    double? P50Ms,
    double? P95Ms,
    double? P99Ms,
    int UnknownSeconds,
    bool Approximate,
    IReadOnlyList<InstanceTrafficDocument> Instances);

/// <param name="InFlight">Requests and connections that are open, as reported.</param>
/// <param name="InFlightKnown">False when a reporter is silent: there may be more.</param>
/// <param name="IntendedShare">0-1, from weights and serving set as they are now.</param>
/// <param name="ActualShare">0-1; null without a request.</param>
/// <param name="NoiseBand">How far the actual share may be from the intended one by chance, to either side.</param>
internal sealed record InstanceTrafficDocument(
    string Id,
    double Rps,
    double? ErrorRate,
    long InFlight,
    long LongLived,
    bool InFlightKnown,
    double? P50Ms,
    double? P95Ms,
    double? P99Ms,
    double IntendedShare,
    double? ActualShare,
    double NoiseBand,
    ShareVerdict Verdict);
