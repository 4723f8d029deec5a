namespace Dashboard.Core.Traffic;

/// <summary>What became of a report.</summary>
public enum ReportOutcome
{
    /// <summary>It was counted.</summary>
    Accepted,

    /// <summary>Its sequence was seen before, or belongs to a session that has ended: nothing was counted.</summary>
    Repeated,

    /// <summary>Its whole period is older than what is kept: nothing was counted.</summary>
    TooOld,

    /// <summary>There are <see cref="TrafficStore.MaximumReporters"/> already: nothing was counted.</summary>
    TooMany,
}
