using System.Collections.Immutable;

namespace Dashboard.Core.Traffic;

/// <summary>
/// What one reporter says it sent in one period (about a second). No clocks are compared: the receiver dates the period by its own clock, <see cref="Age"/>
/// and <see cref="Period"/>.
/// </summary>
public sealed record TrafficReport
{
    /// <summary>Who reports: the follower's id.</summary>
    public required string Reporter { get; init; }

    /// <summary>One run of the reporter's process. A new session starts its sequence anew and ends what the one before had in flight.</summary>
    public required Guid Session { get; init; }

    /// <summary>Rises by one with every report of a session, from 1; a repeat is ignored.</summary>
    public required long Sequence { get; init; }

    /// <summary>How long the reported period was.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>How long ago the period ended when the report was sent: more than zero after a failed attempt.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>What was sent. An instance may appear once for each source.</summary>
    public ImmutableArray<TrafficRow> Rows { get; init; } = [];

    /// <summary>What was open at the end of the period. An instance that is not listed had nothing open at this reporter.</summary>
    public ImmutableArray<InFlightRow> InFlight { get; init; } = [];
}

/// <summary>Requests of one source to one instance in one period.</summary>
/// <param name="Source">The calling service, or one of <see cref="TrafficSource"/>.</param>
/// <param name="Requests">Requests that began: handed to the instance. Shares and rates count these.</param>
/// <param name="Completed">Requests that ended, also some that began in an earlier period. The error rate is failures of these.</param>
/// <param name="Failures">Of the completed, those that failed at the instance: it answered 5xx, or a gRPC status of Unknown, DeadlineExceeded, Internal, Unavailable or DataLoss; or
/// it refused, reset or did not finish the exchange. A client that went away is no failure.</param>
/// <param name="Latency">Time from the request's arrival to the end of its response, of completed requests that are not long-lived.</param>
public sealed record TrafficRow(string Source, string Service, string Instance, long Requests, long Completed, long Failures, LatencyHistogram Latency);

/// <summary>What a reporter has open at an instance.</summary>
/// <param name="Requests">Everything that is open, long-lived included.</param>
/// <param name="LongLived">Of these, WebSockets and streams: upgraded connections and exchanges older than <see cref="TrafficStore.LongLivedAfter"/>.</param>
public sealed record InFlightRow(string Service, string Instance, int Requests, int LongLived);
