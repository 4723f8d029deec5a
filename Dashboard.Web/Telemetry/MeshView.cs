using System.Collections.Immutable;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Telemetry;

/// <summary>What one collection shows, cut to the limits.</summary>
internal sealed record MeshView
{
    public static readonly MeshView Empty = new();

    public RegistrySnapshot? Registry { get; private init; }

    public ImmutableArray<ServiceSnapshot> Services { get; private init; } = [];

    public ImmutableArray<ShownInstance> Instances { get; private init; } = [];

    public int OmittedServices { get; private init; }

    public int OmittedInstances { get; private init; }

    public static MeshView Of(RegistrySnapshot registry, TrafficFrame traffic, TrafficTotals totals, TelemetryLimits limits)
    {
        // In an order that holds, so that what is beyond the limits is the same at each scrape.
        var services = registry.Services.Values.OrderBy(service => service.Name, StringComparer.Ordinal).Take(limits.Services).ToImmutableArray();
        var instances = ImmutableArray.CreateBuilder<ShownInstance>(Math.Min(registry.InstanceCount, limits.Instances));
        foreach (var service in services)
        {
            var serving = service.Serving.Endpoints.ToDictionary(endpoint => endpoint.Id, endpoint => endpoint.Weight, StringComparer.Ordinal);
            var followsWeights = BalancingPolicies.Default[service.Settings.Policy].FollowsWeights;
            var even = service.Settings.Policy == BalancingPolicy.RoundRobin;
            double total = even ? serving.Count : serving.Values.Sum(weight => (long)weight);
            foreach (var instance in service.Instances.Values.Take(limits.Instances - instances.Count))
            {
                var (requests, failures) = totals.Of(instance.Key);
                instances.Add(new(instance, serving.ContainsKey(instance.Id), InFlightOf(instance.Key), ShareOf(instance.Id), requests, failures));
            }

            // As SharePrediction has it, without its tables: this is done for each scrape.
            double? ShareOf(string id) => !followsWeights ? null : !serving.TryGetValue(id, out var weight) ? 0 : (even ? 1 : weight) / total;
        }

        return new()
        {
            Registry = registry,
            Services = services,
            Instances = instances.ToImmutable(),
            OmittedServices = registry.Services.Count - services.Length,
            OmittedInstances = registry.InstanceCount - instances.Count,
        };

        long? InFlightOf(InstanceKey key) => !traffic.Instances.TryGetValue(key, out var open) ? 0 : open.InFlightComplete ? open.InFlight : null;
    }
}

/// <summary>An instance with what is derived for it.</summary>
/// <param name="InFlight">Null while a reporter is silent: unknown is not zero.</param>
/// <param name="IntendedShare">0-1; null where the policy looks at requests in flight and intends none.</param>
/// <param name="Requests">Sent to it since it was first reported.</param>
/// <param name="Failures">Of those.</param>
internal sealed record ShownInstance(Instance Instance, bool IsServing, long? InFlight, double? IntendedShare, long Requests, long Failures);
