using Dashboard.Core.Health;

namespace Dashboard.Core.Replicas.Wire;

/// <summary>A heartbeat that came to another console.</summary>
public sealed record HeartbeatWord(string Service, string Instance, CheckOutcome Outcome, string Output, double AgeMs);
