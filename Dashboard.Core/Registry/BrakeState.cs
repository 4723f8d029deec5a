namespace Dashboard.Core.Registry;

/// <summary>A service's mass-loss brake: while engaged, lost instances are not removed.</summary>
/// <param name="Since">When it engaged.</param>
/// <param name="Lost">How many instances were lost within one lease.</param>
/// <param name="Total">Of how many.</param>
public sealed record BrakeState(DateTimeOffset Since, int Lost, int Total);
