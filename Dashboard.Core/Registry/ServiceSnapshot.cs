using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>One service with its instances at one revision. Immutable.</summary>
public sealed class ServiceSnapshot
{
    private ServingSet? _serving;

    // Who holds which address and port. Made by the first registration that asks, and then carried on: a service that only renews registrations never pays for it.
    private ImmutableDictionary<(string Address, int Port), string>? _holders;

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

    /// <summary>The instance that has this address and port; null = none.</summary>
    public Instance? FindHolder(string address, int port)
    {
        _holders ??= Index(Instances);
        return _holders.TryGetValue((address, port), out var id) ? Instances.GetValueOrDefault(id) : null;
    }

    internal ServiceSnapshot With(long revision, ImmutableSortedDictionary<string, Instance> instances) => new(Name, Definition, Brake, revision, instances) { _holders = _holders };

    /// <summary>With an instance added or in place of the one of its id; null = without it.</summary>
    internal ServiceSnapshot With(long revision, string id, Instance? before, Instance? after)
    {
        var holders = _holders;
        if (holders is not null && (before is null || after is null || EndpointOf(before) != EndpointOf(after)))
        {
            if (before is not null && holders.TryGetValue(EndpointOf(before), out var holder) && holder == id)
            {
                holders = holders.Remove(EndpointOf(before));
            }

            if (after is not null)
            {
                holders = holders.SetItem(EndpointOf(after), id);
            }
        }

        return new(Name, Definition, Brake, revision, after is null ? Instances.Remove(id) : Instances.SetItem(id, after)) { _holders = holders };
    }

    private static ImmutableDictionary<(string Address, int Port), string> Index(ImmutableSortedDictionary<string, Instance> instances)
    {
        var holders = ImmutableDictionary.CreateBuilder<(string Address, int Port), string>();
        foreach (var (id, instance) in instances)
        {
            holders.TryAdd(EndpointOf(instance), id);
        }

        return holders.ToImmutable();
    }

    private static (string Address, int Port) EndpointOf(Instance instance) => (instance.Registration.Address, instance.Registration.Port);

    private Instance[] InstanceList() => [.. Instances.Values];
}
