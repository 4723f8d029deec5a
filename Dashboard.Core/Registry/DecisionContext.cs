namespace Dashboard.Core.Registry;

/// <summary>What a decision may know besides the snapshot.</summary>
/// <param name="Actor">Who asks.</param>
/// <param name="Now">The time of the change, cut to microseconds.</param>
/// <param name="Revision">The revision that the change will have: the snapshot's + 1.</param>
public sealed record DecisionContext(Actor Actor, DateTimeOffset Now, long Revision);
