using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Traffic;

/// <summary>What happened to one service between two whole seconds.</summary>
public sealed record TrafficWindow
{
    public required string Service { get; init; }

    public required DateTimeOffset From { get; init; }

    /// <summary>Exclusive.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>Seconds of the window of which some traffic was never reported, of this service or another: what is missing in the figures is unknown, and not zero.</summary>
    public int UnknownSeconds { get; init; }

    /// <summary>All of the service's traffic.</summary>
    public required TrafficFigures Total { get; init; }

    /// <summary>By instance, ordered by id; instances without traffic and without anything open are left out.</summary>
    public required ImmutableArray<InstanceTraffic> Instances { get; init; }

    /// <summary>By caller, ordered by name.</summary>
    public required ImmutableArray<EdgeTraffic> Callers { get; init; }

    /// <summary>The figures of an instance; all zero when nothing was seen.</summary>
    public InstanceTraffic Of(string instance) => Instances.FirstOrDefault(traffic => traffic.Key.Id == instance)
        ?? new(new InstanceKey(Service, instance), default, 0, 0, InFlightComplete: true, LastSeen: null);
}

/// <summary>One point of a chart.</summary>
/// <param name="At">The start of the step.</param>
/// <param name="Rps">Requests that began, per second; null when some of the step was never reported: what is unknown is not zero.</param>
/// <param name="ErrorRate">0-1; null when nothing completed.</param>
public readonly record struct TrafficPoint(DateTimeOffset At, double? Rps, double? ErrorRate, double? P50Ms, double? P95Ms, double? P99Ms);
