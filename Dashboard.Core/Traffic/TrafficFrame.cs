using Dashboard.Core.Registry;

namespace Dashboard.Core.Traffic;

/// <summary>
/// What traffic does now, published once a second. Rates and errors cover the <see cref="TrafficStore.FrameRateWindow"/>, latencies the
/// <see cref="TrafficStore.FrameLatencyWindow"/>, both up to <see cref="Until"/>. Immutable.
/// </summary>
public sealed record TrafficFrame
{
    public static readonly TrafficFrame Empty = new();

    /// <summary>Rises by one with every frame; 0 = none yet.</summary>
    public long Sequence { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>The end of the windows: the last whole second that punctual reporters have reported in full.</summary>
    public DateTimeOffset Until { get; init; }

    /// <summary>What is not listed had no traffic; false: it is unknown.</summary>
    public bool IsComplete { get; init; } = true;

    /// <summary>A service's figures, zero where it had no traffic; null where that is unknown.</summary>
    public TrafficFigures? FiguresOf(string service) => Services.TryGetValue(service, out var traffic) ? traffic.Figures : IsComplete ? default(TrafficFigures) : null;

    /// <summary>Services that were called in the last minutes.</summary>
    public IReadOnlyDictionary<string, ServiceTraffic> Services { get; init; } = new Dictionary<string, ServiceTraffic>();

    /// <summary>Calls in the last minutes.</summary>
    public IReadOnlyDictionary<EdgeKey, EdgeTraffic> Edges { get; init; } = new Dictionary<EdgeKey, EdgeTraffic>();

    /// <summary>Instances that were called in the last minutes or have something open.</summary>
    public IReadOnlyDictionary<InstanceKey, InstanceTraffic> Instances { get; init; } = new Dictionary<InstanceKey, InstanceTraffic>();
}

/// <summary>Calls of one service to another.</summary>
/// <param name="LastSeen">When a request last began (to the second).</param>
public sealed record EdgeTraffic(EdgeKey Key, TrafficFigures Figures, DateTimeOffset LastSeen);

/// <summary>Calls to an instance, from everyone.</summary>
/// <param name="InFlight">Open requests and connections, as the reporters that are not silent say.</param>
/// <param name="LongLived">Of these, WebSockets and streams.</param>
/// <param name="InFlightComplete">False when a reporter is silent: what it has open is unknown.</param>
/// <param name="LastSeen">When a request last began (to the second); null when none did in the last minutes.</param>
public sealed record InstanceTraffic(InstanceKey Key, TrafficFigures Figures, long InFlight, long LongLived, bool InFlightComplete, DateTimeOffset? LastSeen);

/// <summary>Calls to a service, from everyone.</summary>
public sealed record ServiceTraffic(string Service, TrafficFigures Figures, long InFlight, long LongLived, bool InFlightComplete, DateTimeOffset? LastSeen);
