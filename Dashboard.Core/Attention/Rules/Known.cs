using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention.Rules;

/// <summary>Everything that rules look at, as it is at one moment.</summary>
/// <param name="Traffic">What the traffic shows of each service that is called.</param>
internal sealed record Known(
    RegistrySnapshot Registry,
    RegistryAvailability Availability,
    OperationBoard Operations,
    ImmutableArray<FollowerStanding> Followers,
    ImmutableArray<TrafficReading> Traffic);

/// <summary>A service's traffic of the last half to whole minute, under the serving set as it is.</summary>
/// <param name="Worst">Of the instances whose share is wrong beyond chance, the one that is furthest off; null = none is.</param>
/// <param name="Wrong">How many are.</param>
/// <param name="Calls">Requests that began in the last seconds.</param>
internal sealed record TrafficReading(string Service, long Completed, long Failures, StraySharing? Worst, int Wrong, long Calls)
{
    /// <summary>0-1.</summary>
    public double ErrorRate => Completed == 0 ? 0 : Math.Min(1, (double)Failures / Completed);
}

/// <param name="Intended">0-1.</param>
/// <param name="Actual">0-1.</param>
/// <param name="Requests">Of the whole service, in the sample.</param>
internal sealed record StraySharing(string Instance, double Intended, double Actual, long Requests)
{
    public double Distance => Math.Abs(Actual - Intended);
}
