using System.Collections.Immutable;

namespace Dashboard.Core.Operations.Plans;

/// <summary>What a plan watches.</summary>
public enum WatchedFigure
{
    Errors,
    Latency,
}

/// <summary>What a watched figure says.</summary>
public enum WatchVerdict
{
    /// <summary>Within its limit, as far as chance allows to say.</summary>
    Fine,

    /// <summary>Too few requests to tell.</summary>
    TooFew,

    /// <summary>Nothing to compare with.</summary>
    Unknown,

    /// <summary>Above its limit, by more than chance explains.</summary>
    Exceeded,
}

/// <summary>One watched figure of a service, or of a version, beside its limit.</summary>
/// <param name="Subject">The service, or the version of a shift.</param>
/// <param name="Live">Error rate 0-1, or p95 in milliseconds; for a version the part of its requests that is slower than the old one's p95, 0-1. Null: nothing was measured.</param>
/// <param name="Limit">What is put up with, in the same unit; null: unknown.</param>
/// <param name="Normal">What it is compared with, in the same unit: the baseline, or the old version's; null: unknown.</param>
/// <param name="Sample">Requests that were looked at.</param>
/// <param name="Needed">Requests that a verdict needs.</param>
/// <param name="Text">One sentence for an operator, with numbers.</param>
public sealed record WatchReading(string Subject, WatchedFigure Figure, double? Live, double? Limit, double? Normal, long Sample, long Needed, WatchVerdict Verdict, string Text);

/// <summary>How a step of a weight shift stands.</summary>
/// <param name="HeldUntil">When its hold time is over.</param>
/// <param name="Looks">How many of the ten looks of a hold time were taken.</param>
public sealed record ShiftReading(ImmutableArray<WatchReading> Readings, DateTimeOffset HeldUntil, int Looks)
{
    public WatchVerdict Verdict => Readings.Any(reading => reading.Verdict == WatchVerdict.Exceeded) ? WatchVerdict.Exceeded
        : Readings.Any(reading => reading.Verdict == WatchVerdict.TooFew) ? WatchVerdict.TooFew
        : WatchVerdict.Fine;
}
