namespace Dashboard.Core.Health;

/// <summary>One probe's or heartbeat's result.</summary>
/// <param name="Output">What was seen, for an operator, at most 512 characters without control characters.</param>
/// <param name="Duration">How long the probe took; zero for a heartbeat.</param>
public readonly record struct ProbeResult(CheckOutcome Outcome, string Output, TimeSpan Duration);
