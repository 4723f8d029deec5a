namespace Dashboard.Web.Api;

/// <summary>How far back the past can be shown.</summary>
/// <param name="Oldest">The first moment of which the registry is known; null while nothing ever changed.</param>
/// <param name="OldestTraffic">The first day of which traffic's minutes are kept; null = none yet.</param>
/// <param name="Marks">What operators did in the span that was asked for (the newest 300), and what happened by itself and may have moved traffic; oldest first.</param>
/// <param name="UnaskedSince">What happened by itself is told from here on alone, since there was so much of it; null = all of it is.</param>
internal sealed record HistorySpanDocument(DateTimeOffset? Oldest, DateTimeOffset? OldestTraffic, DateTimeOffset Now, IReadOnlyList<HistoryMarkDocument> Marks, DateTimeOffset? UnaskedSince);

/// <summary>A service's traffic as a line.</summary>
/// <param name="Source">The caller whose requests alone are counted; null = everybody's.</param>
/// <param name="StepSeconds">What each point covers from its time on.</param>
internal sealed record HistoryDocument(
    string Service,
    string? Instance,
    string? Source,
    DateTimeOffset From,
    DateTimeOffset To,
    int StepSeconds,
    IReadOnlyList<HistoryPointDocument> Points,
    IReadOnlyList<HistoryMarkDocument> Marks);

/// <param name="Rps">Requests that began, per second; null where traffic is unknown.</param>
internal sealed record HistoryPointDocument(DateTimeOffset At, double? Rps, double? ErrorRate, double? P50Ms, double? P95Ms, double? P99Ms);

/// <param name="Revision">The change; 0 for an alert, which is none.</param>
/// <param name="Kind">act, plan, lost, recovered, brake, alert, joined, left or other.</param>
internal sealed record HistoryMarkDocument(long Revision, DateTimeOffset At, string Kind, string Action, string Target, string Actor, string? Reason);
