using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>An endpoint that gets new requests.</summary>
/// <param name="Weight">Effective weight, 1-10000.</param>
public sealed record ServingEndpoint(string Id, string Address, int Port, int Weight, string? Zone, string? Node, string? Version);

/// <summary>An endpoint that gets no new requests because an operator wants it so, but may still have some in flight.</summary>
/// <param name="Forced">Its open connections are to be cut.</param>
public sealed record LeavingEndpoint(string Id, string Address, int Port, IntentKind Intent, bool Forced, string? Zone = null);

/// <summary>
/// Who gets a service's new traffic. What every data plane is told: the eligible instances; in panic all that are wanted and were ever judged, whatever
/// their health. Never one that is draining, drained, in maintenance or of weight 0.
/// </summary>
public sealed record ServingSet
{
    public required string Service { get; init; }

    public required ServiceProtocol Protocol { get; init; }

    public required BalancingPolicy Policy { get; init; }

    /// <summary>The revision that last touched the service.</summary>
    public required long Revision { get; init; }

    /// <summary>Health is being ignored because too few instances are eligible.</summary>
    public required bool Panic { get; init; }

    /// <summary>Instances that are registered, of any intent and health.</summary>
    public required int Total { get; init; }

    /// <summary>Ordered by id.</summary>
    public required ImmutableArray<ServingEndpoint> Endpoints { get; init; }

    /// <summary>Ordered by id.</summary>
    public required ImmutableArray<LeavingEndpoint> Leaving { get; init; }

    /// <summary>Whether an instance gets new requests.</summary>
    public bool Serves(string id)
    {
        var (low, high) = (0, Endpoints.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = string.CompareOrdinal(Endpoints[middle].Id, id);
            if (order == 0)
            {
                return true;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return false;
    }

    /// <summary>True when both tell a data plane the same, whatever the revision.</summary>
    public bool SaysTheSameAs(ServingSet? other) =>
        other is not null && Service == other.Service && Protocol == other.Protocol && Policy == other.Policy && Panic == other.Panic
        && (Endpoints == other.Endpoints || Endpoints.AsSpan().SequenceEqual(other.Endpoints.AsSpan())) && Leaving.AsSpan().SequenceEqual(other.Leaving.AsSpan());

    /// <summary>Why <see cref="Endpoints"/> is empty, in words for an operator; null while it is not.</summary>
    public string? WhyEmpty => !Endpoints.IsEmpty ? null
        : Total == 0 ? "no instance is registered"
        : Leaving.Length == Total ? "every instance is draining, drained or in maintenance"
        : Leaving.IsEmpty ? "no instance is healthy with a weight above 0"
        : $"{Leaving.Length} of {Total} instances are taken out by an operator, the others are unhealthy, not yet checked or of weight 0";

    /// <summary>Derives the serving set of a service's instances (ordered by id).</summary>
    public static ServingSet Derive(string service, ServiceSettings settings, long revision, IReadOnlyCollection<Instance> instances)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(instances);
        var judged = 0;
        var eligible = 0;
        foreach (var instance in instances)
        {
            if (instance.IsWanted && instance.HealthStatus != HealthStatus.Unknown)
            {
                judged++;
                eligible += instance.IsEligible ? 1 : 0;
            }
        }

        var panic = judged > 0 && eligible * 100L < (long)settings.PanicThreshold * judged;
        var endpoints = ImmutableArray.CreateBuilder<ServingEndpoint>(panic ? judged : eligible);
        var leaving = ImmutableArray.CreateBuilder<LeavingEndpoint>();
        foreach (var instance in instances)
        {
            var registration = instance.Registration;
            if (!instance.EffectiveIntent.IsActive)
            {
                leaving.Add(new(instance.Id, registration.Address, registration.Port, instance.EffectiveIntent.Kind, instance.EffectiveIntent.Forced, registration.Zone));
            }
            else if (instance.IsEligible || (panic && instance.IsWanted && instance.HealthStatus != HealthStatus.Unknown))
            {
                endpoints.Add(new(instance.Id, registration.Address, registration.Port, instance.EffectiveWeight, registration.Zone, registration.Node, registration.Version));
            }
        }

        return new()
        {
            Service = service,
            Protocol = settings.Protocol,
            Policy = settings.Policy,
            Revision = revision,
            Panic = panic,
            Total = instances.Count,
            Endpoints = endpoints.ToImmutable(),
            Leaving = leaving.ToImmutable(),
        };
    }
}
