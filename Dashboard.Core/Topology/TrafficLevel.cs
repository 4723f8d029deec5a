using Dashboard.Core.Traffic;

namespace Dashboard.Core.Topology;

/// <summary>What traffic does at a service, an instance or on an edge now.</summary>
/// <param name="Rps">Requests that began, per second.</param>
/// <param name="ErrorRate">0-1; null when nothing completed.</param>
/// <param name="P50Ms">Latencies in milliseconds; null when none was measured.</param>
public readonly record struct TrafficLevel(double Rps, double? ErrorRate, double? P50Ms, double? P95Ms, double? P99Ms)
{
    public static TrafficLevel From(TrafficFigures figures) => new(figures.Rps, figures.ErrorRate, figures.P50Ms, figures.P95Ms, figures.P99Ms);
}

/// <summary>Traffic with what is open.</summary>
/// <param name="InFlight">Open requests and connections, as far as reporters say.</param>
/// <param name="LongLived">Of these, WebSockets and streams.</param>
/// <param name="InFlightKnown">False when a reporter is silent: there may be more.</param>
public readonly record struct OpenTraffic(TrafficLevel Level, long InFlight, long LongLived, bool InFlightKnown)
{
    public static readonly OpenTraffic None = new(default, 0, 0, InFlightKnown: true);
}
