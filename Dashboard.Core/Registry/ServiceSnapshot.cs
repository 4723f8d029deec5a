using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>One service with its instances at one revision. Immutable.</summary>
public sealed class ServiceSnapshot
{
    private ServingSet? _serving;

    public ServiceSnapshot(string name, ServiceDefinition definition, BrakeState? brake, long revision, ImmutableSortedDictionary<string, Instance> instances)
    {
        Name = name;
        Definition = definition;
        Brake = brake;
        Revision = revision;
        Instances = instances;
    }

    public string Name { get; }

    public ServiceDefinition Definition { get; }

    public ServiceSettings Settings => Definition.Settings;

    /// <summary>The mass-loss brake; null while it is released.</summary>
    public BrakeState? Brake { get; }

    /// <summary>The revision that last touched the service or one of its instances.</summary>
    public long Revision { get; }

    /// <summary>By instance id, ordinal order.</summary>
    public ImmutableSortedDictionary<string, Instance> Instances { get; }

    /// <summary>Who gets new traffic. Derived on first use; two threads may derive it twice, to the same effect.</summary>
    public ServingSet Serving => _serving ??= ServingSet.Derive(Name, Settings, Revision, InstanceList());

    /// <summary>Instances that are eligible; in panic fewer than are serving.</summary>
    public int EligibleCount => Instances.Values.Count(instance => instance.IsEligible);

    /// <summary>Serving instances that an operator's act must leave: the larger of minEligible and minEligiblePercent of those not in maintenance.</summary>
    public int ServingFloor
    {
        get
        {
            var available = Instances.Values.Count(instance => instance.EffectiveIntent.Kind != IntentKind.Maintenance);
            return Math.Max(Settings.MinEligible, (int)(((long)available * Settings.MinEligiblePercent + 99) / 100));
        }
    }

    internal ServiceSnapshot With(long revision, ImmutableSortedDictionary<string, Instance> instances) => new(Name, Definition, Brake, revision, instances);

    private Instance[] InstanceList() => [.. Instances.Values];
}
