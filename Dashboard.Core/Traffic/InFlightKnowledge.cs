using System.Collections.Immutable;

namespace Dashboard.Core.Traffic;

/// <summary>What is known about the requests in flight at one instance.</summary>
/// <param name="Requests">Open requests and connections, as far as known.</param>
/// <param name="LongLived">Of these, WebSockets and streams.</param>
/// <param name="Known">What each reporter said whose word counts.</param>
/// <param name="Unknown">Reporters whose word is missing or too old. What they have open is unknown, never zero.</param>
public sealed record InFlightKnowledge(long Requests, long LongLived, ImmutableArray<ReporterInFlight> Known, ImmutableArray<string> Unknown)
{
    /// <summary>Everyone asked has said so, and nothing is open.</summary>
    public bool IsKnownZero => Unknown.IsEmpty && Requests == 0;

    /// <summary>The oldest word that this rests on; null when there is none.</summary>
    public DateTimeOffset? AsOf => Known.IsEmpty ? null : Known.Min(reporter => reporter.At);
}

/// <summary>What one reporter said it has open at one instance.</summary>
/// <param name="At">When that was true, by this process' clock.</param>
public sealed record ReporterInFlight(string Reporter, DateTimeOffset At, int Requests, int LongLived);
