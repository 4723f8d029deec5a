using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>One service with its instances at one revision. Immutable.</summary>
public sealed class ServiceSnapshot
{
    // Of another revision where it was taken over from the snapshot before, see With.
    private ServingSet? _serving;

    // Who holds which address and port. Made by the first registration that asks, and then carried on: a service that only renews registrations never pays for it.
    private ImmutableDictionary<(string Address, int Port), string>? _holders;

    // Carried on while no instance comes, goes or changes in what decides about its traffic: what counts those facts need not count them again.
    private object _standing = new();

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
    public ServingSet Serving
    {
        get
        {
            var serving = _serving;
            if (serving is null)
                _serving = serving = ServingSet.Derive(Name, Settings, Revision, InstanceList());
            else if (serving.Revision != Revision)
                _serving = serving = serving with { Revision = Revision };
            return serving;
        }
    }

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

    /// <summary>
    /// True where it is known that both have the same settings, brake and instances, and that these agree in all that decides about their traffic: place, weight, intent and health. Registrations
    /// may have been renewed meanwhile. Costs nothing; false where it would have to be found out.
    /// </summary>
    public bool StandsAs(ServiceSnapshot other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(_standing, other._standing);
    }

    /// <summary>The instance that has this address and port; null = none.</summary>
    public Instance? FindHolder(string address, int port)
    {
        _holders ??= Index(Instances);
        return _holders.TryGetValue((address, port), out var id) ? Instances.GetValueOrDefault(id) : null;
    }

    /// <summary>With something else known of an instance that stays where it is.</summary>
    internal ServiceSnapshot With(long revision, Instance before, Instance after) =>
        new ServiceSnapshot(Name, Definition, Brake, revision, Instances.SetItem(after.Id, after)) { _holders = _holders }.Carry(this, ServesAlike(before, after));

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

        return new ServiceSnapshot(Name, Definition, Brake, revision, after is null ? Instances.Remove(id) : Instances.SetItem(id, after)) { _holders = holders }
            .Carry(this, before is not null && after is not null && ServesAlike(before, after));
    }

    private ServiceSnapshot Carry(ServiceSnapshot from, bool servesAlike)
    {
        if (servesAlike)
            (_serving, _standing) = (from._serving, from._standing);
        return this;
    }

    // A renewed registration, or one more look at its health, mostly leaves who gets traffic as it is: then that is not derived again from all the service's instances.
    private static bool ServesAlike(Instance before, Instance after)
    {
        var (old, now) = (before.Registration, after.Registration);
        return before.Id == after.Id && old.Address == now.Address && old.Port == now.Port && old.Zone == now.Zone && old.Node == now.Node && old.Version == now.Version
            && before.EffectiveWeight == after.EffectiveWeight && before.HealthStatus == after.HealthStatus && before.EffectiveIntent == after.EffectiveIntent;
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
