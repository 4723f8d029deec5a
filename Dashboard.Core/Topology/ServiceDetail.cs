using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Topology;

/// <summary>One service expanded to its instances, with what traffic does at each. Immutable.</summary>
public sealed class ServiceDetail
{
    private ServiceSnapshot? _source;

    private ServiceDetail(string service) => Service = service;

    public string Service { get; }

    /// <summary>False: the registry holds no such service (any more).</summary>
    public bool Exists { get; private init; }

    /// <summary>By id.</summary>
    public ImmutableSortedDictionary<string, InstanceDetail> Instances { get; private init; } = ImmutableSortedDictionary.Create<string, InstanceDetail>(StringComparer.Ordinal);

    /// <summary>By instance, for those of <see cref="Instances"/> that had traffic in the last minutes.</summary>
    public ImmutableDictionary<string, OpenTraffic> Traffic { get; private init; } = ImmutableDictionary<string, OpenTraffic>.Empty;

    /// <summary>The service as a whole.</summary>
    public OpenTraffic Total { get; private init; } = OpenTraffic.None;

    /// <summary>Instances that left in the last minutes, oldest first.</summary>
    public ImmutableArray<Ghost> Ghosts { get; private init; } = [];

    public static ServiceDetail Unknown(string service) => new(service);

    /// <summary>The detail with another registry and the same traffic.</summary>
    public ServiceDetail WithRegistry(RegistrySnapshot registry, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var source = registry.Services.GetValueOrDefault(Service);
        if (ReferenceEquals(source, _source))
        {
            return this;
        }

        var builder = Instances.ToBuilder();
        builder.Clear();
        if (source is not null)
        {
            var serving = source.Serving.Endpoints.Select(endpoint => endpoint.Id).ToHashSet(StringComparer.Ordinal);
            foreach (var instance in source.Instances.Values)
            {
                builder[instance.Id] = InstanceDetail.From(instance, serving.Contains(instance.Id));
            }
        }

        var instances = builder.ToImmutable();
        var left = Instances.Keys.Where(id => !instances.ContainsKey(id)).ToArray();
        return new(Service)
        {
            _source = source,
            Exists = source is not null,
            Instances = instances,
            Traffic = Traffic.RemoveRange(left),
            Total = Total,
            Ghosts = GhostList.Next(Ghosts, left, instances.ContainsKey, now),
        };
    }

    /// <summary>The detail with the same registry and newer traffic.</summary>
    public ServiceDetail WithTraffic(TrafficFrame traffic, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(traffic);
        var seen = Traffic.ToBuilder();
        seen.Clear();
        foreach (var id in Instances.Keys)
        {
            if (traffic.Instances.TryGetValue(new(Service, id), out var one))
            {
                seen[id] = new(TrafficLevel.From(one.Figures), one.InFlight, one.LongLived, one.InFlightComplete);
            }
        }

        return new(Service)
        {
            _source = _source,
            Exists = Exists,
            Instances = Instances,
            Traffic = seen.ToImmutable(),
            Total = traffic.Services.TryGetValue(Service, out var total)
                ? new(TrafficLevel.From(total.Figures), total.InFlight, total.LongLived, total.InFlightComplete)
                : OpenTraffic.None,
            Ghosts = GhostList.Next(Ghosts, [], Instances.ContainsKey, now),
        };
    }
}
