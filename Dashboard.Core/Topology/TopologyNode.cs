using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Topology;

/// <summary>A service as the graph shows it: who of its instances is in which state.</summary>
public sealed record TopologyNode
{
    public required string Service { get; init; }

    /// <summary>What follows the first dot of the service's name; empty when there is none.</summary>
    public required string Namespace { get; init; }

    public required ServiceHealth Health { get; init; }

    public required int Healthy { get; init; }

    public required int Degraded { get; init; }

    public required int Unhealthy { get; init; }

    /// <summary>Instances that were never judged.</summary>
    public required int Unknown { get; init; }

    public required int Total { get; init; }

    public required int Eligible { get; init; }

    public required int Serving { get; init; }

    public required int Draining { get; init; }

    public required int Drained { get; init; }

    public required int InMaintenance { get; init; }

    /// <summary>When the first maintenance among them ends by itself; null when none does.</summary>
    public DateTimeOffset? BackAt { get; init; }

    public required bool Panic { get; init; }

    /// <summary>The mass-loss brake is engaged.</summary>
    public required bool Brake { get; init; }

    /// <summary>Ordered by zone.</summary>
    public required ImmutableArray<ZoneCount> Zones { get; init; }

    /// <summary>The services that it mostly talks with, by the name of one of them (see <see cref="Neighbourhoods"/>); empty when it is in no such group. The one fact that does not come from the registry.</summary>
    public string Neighbourhood { get; init; } = "";

    public static TopologyNode From(ServiceSnapshot service)
    {
        ArgumentNullException.ThrowIfNull(service);
        int healthy = 0, degraded = 0, unhealthy = 0, unknown = 0, eligible = 0, draining = 0, drained = 0, inMaintenance = 0, wanted = 0, wantedIll = 0, wantedUnknown = 0;
        DateTimeOffset? backAt = null;
        var zones = new SortedDictionary<string, (int Total, int Serving)>(StringComparer.Ordinal);
        foreach (var instance in service.Instances.Values)
        {
            switch (instance.HealthStatus)
            {
                case HealthStatus.Healthy: healthy++; break;
                case HealthStatus.Degraded: degraded++; break;
                case HealthStatus.Unhealthy: unhealthy++; break;
                default: unknown++; break;
            }

            switch (instance.EffectiveIntent.Kind)
            {
                case IntentKind.Draining: draining++; break;
                case IntentKind.Drained: drained++; break;
                case IntentKind.Maintenance: inMaintenance++; break;
            }

            if (instance.EffectiveIntent is { Kind: IntentKind.Maintenance, Until: { } until } && !(backAt <= until))
                backAt = until;

            eligible += instance.IsEligible ? 1 : 0;
            if (instance.IsWanted)
            {
                wanted++;
                wantedIll += instance.HealthStatus is HealthStatus.Unhealthy or HealthStatus.Degraded ? 1 : 0;
                wantedUnknown += instance.HealthStatus == HealthStatus.Unknown ? 1 : 0;
            }

            var zone = instance.Registration.Zone ?? "";
            zones[zone] = (zones.GetValueOrDefault(zone).Total + 1, 0);
        }

        var serving = service.Serving;
        foreach (var endpoint in serving.Endpoints)
        {
            var zone = endpoint.Zone ?? "";
            var count = zones.GetValueOrDefault(zone);
            zones[zone] = count with { Serving = count.Serving + 1 };
        }

        var total = service.Instances.Count;
        return new()
        {
            Service = service.Name,
            Namespace = NamespaceOf(service.Name),
            Health = total == 0 ? ServiceHealth.Empty
                : serving.Panic ? ServiceHealth.Unhealthy
                : serving.Endpoints.IsEmpty ? wanted > 0 && wantedUnknown == wanted ? ServiceHealth.Unknown : ServiceHealth.Unhealthy
                : wantedIll > 0 ? ServiceHealth.Degraded
                : ServiceHealth.Healthy,
            Healthy = healthy,
            Degraded = degraded,
            Unhealthy = unhealthy,
            Unknown = unknown,
            Total = total,
            Eligible = eligible,
            Serving = serving.Endpoints.Length,
            Draining = draining,
            Drained = drained,
            InMaintenance = inMaintenance,
            BackAt = backAt,
            Panic = serving.Panic,
            Brake = service.Brake is not null,
            Zones = [.. zones.Select(zone => new ZoneCount(zone.Key, zone.Value.Total, zone.Value.Serving))],
        };
    }

    /// <summary>The namespace part of a service's name; empty when it has none.</summary>
    public static string NamespaceOf(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var dot = service.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? "" : service[(dot + 1)..];
    }

    public bool Equals(TopologyNode? other) =>
        other is not null && Service == other.Service && Health == other.Health && Healthy == other.Healthy && Degraded == other.Degraded
        && Unhealthy == other.Unhealthy && Unknown == other.Unknown && Total == other.Total && Eligible == other.Eligible && Serving == other.Serving
        && Draining == other.Draining && Drained == other.Drained && InMaintenance == other.InMaintenance && BackAt == other.BackAt && Panic == other.Panic && Brake == other.Brake && Neighbourhood == other.Neighbourhood
        && Zones.AsSpan().SequenceEqual(other.Zones.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Service, Health, Total, Eligible, Serving, Draining);
}
