namespace Dashboard.Core.Traffic;

/// <summary>One that reports traffic.</summary>
/// <param name="LastReport">When its last report came.</param>
/// <param name="AsOf">The end of the last period that it reported, by this process' clock.</param>
/// <param name="Repeats">Reports that were ignored because their sequence had been seen.</param>
/// <param name="Missed">Sequence numbers that never came: what they held is lost.</param>
public sealed record TrafficReporter(string Id, Guid Session, long Sequence, DateTimeOffset LastReport, DateTimeOffset AsOf, long Repeats, long Missed);
