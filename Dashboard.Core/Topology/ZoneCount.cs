namespace Dashboard.Core.Topology;

/// <summary>A service's instances in one zone.</summary>
/// <param name="Zone">Empty for instances that name none.</param>
/// <param name="Total">Registered there.</param>
/// <param name="Serving">Of these, those that get new traffic.</param>
public readonly record struct ZoneCount(string Zone, int Total, int Serving);
