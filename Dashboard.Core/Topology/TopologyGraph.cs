using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Topology;

/// <summary>The mesh as a graph: services as nodes, calls as edges, both with what traffic does. Immutable; derived from a registry snapshot and a traffic frame.</summary>
public sealed class TopologyGraph
{
    public static readonly TopologyGraph Empty = new();

    // What the nodes were derived from: a service that did not change keeps its node.
    private RegistrySnapshot? _registry;

    internal TopologyGraph()
    {
    }

    public Guid Generation { get; internal init; }

    public long Revision { get; internal init; }

    /// <summary>When it was derived.</summary>
    public DateTimeOffset At { get; internal init; }

    public ImmutableDictionary<string, TopologyNode> Nodes { get; internal init; } = ImmutableDictionary<string, TopologyNode>.Empty;

    /// <summary>By service, for those of <see cref="Nodes"/> that had traffic in the last minutes.</summary>
    public ImmutableDictionary<string, OpenTraffic> Traffic { get; internal init; } = ImmutableDictionary<string, OpenTraffic>.Empty;

    /// <summary>Calls in the last minutes; a source may be a caller that the registry does not hold.</summary>
    public ImmutableDictionary<EdgeKey, TrafficLevel> Edges { get; internal init; } = ImmutableDictionary<EdgeKey, TrafficLevel>.Empty;

    /// <summary>Services that left in the last minutes, oldest first.</summary>
    public ImmutableArray<Ghost> Ghosts { get; internal init; } = [];

    public OpenTraffic TrafficOf(string service) => Traffic.GetValueOrDefault(service, OpenTraffic.None);

    /// <summary>The graph of a registry and its traffic, without a past.</summary>
    public static TopologyGraph Derive(RegistrySnapshot registry, TrafficFrame traffic, DateTimeOffset now) => Empty.Next(registry, traffic, now);

    /// <summary>The graph after this one: the same as a fresh one, but for the ghosts of what this one still had. Costs what differs, not the whole registry.</summary>
    public TopologyGraph Next(RegistrySnapshot registry, TrafficFrame traffic, DateTimeOffset now) => WithRegistry(registry, now).WithTraffic(traffic, now);

    /// <summary>The graph with another registry and the same traffic.</summary>
    public TopologyGraph WithRegistry(RegistrySnapshot registry, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var nodes = Nodes;
        if (_registry?.Services != registry.Services)
        {
            var known = _registry?.Services ?? ImmutableDictionary<string, ServiceSnapshot>.Empty;
            var builder = nodes.ToBuilder();
            foreach (var (name, service) in registry.Services)
            {
                if (!known.TryGetValue(name, out var before) || !before.StandsAs(service))
                {
                    var node = TopologyNode.From(service);
                    if (!nodes.TryGetValue(name, out var old))
                    {
                        builder[name] = node;
                    }
                    else if (node with { Neighbourhood = old.Neighbourhood } is var same && !old.Equals(same))
                    {
                        builder[name] = same;
                    }
                }
            }

            builder.RemoveRange(nodes.Keys.Where(name => !registry.Services.ContainsKey(name)));
            nodes = builder.ToImmutable();
        }

        var left = ReferenceEquals(nodes, Nodes) ? [] : Nodes.Keys.Where(name => !nodes.ContainsKey(name)).ToArray();
        return new()
        {
            _registry = registry,
            Generation = registry.Generation,
            Revision = registry.Revision,
            At = now,
            Nodes = nodes,
            Traffic = Traffic.RemoveRange(left),
            Edges = Edges,
            // Another generation is another registry: what it does not hold has not left it.
            Ghosts = _registry is not null && _registry.Generation != registry.Generation ? [] : GhostList.Next(Ghosts, left, nodes.ContainsKey, now),
        };
    }

    /// <summary>The graph with the same registry and newer traffic.</summary>
    public TopologyGraph WithTraffic(TrafficFrame traffic, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(traffic);
        var services = Traffic.ToBuilder();
        foreach (var (name, seen) in traffic.Services)
        {
            if (Nodes.ContainsKey(name))
            {
                services[name] = new(TrafficLevel.From(seen.Figures), seen.InFlight, seen.LongLived, seen.InFlightComplete);
            }
        }

        services.RemoveRange(Traffic.Keys.Where(name => !traffic.Services.ContainsKey(name)));
        var edges = Edges.ToBuilder();
        foreach (var (key, seen) in traffic.Edges)
        {
            edges[key] = TrafficLevel.From(seen.Figures);
        }

        edges.RemoveRange(Edges.Keys.Where(key => !traffic.Edges.ContainsKey(key)));
        return new()
        {
            _registry = _registry,
            Generation = Generation,
            Revision = Revision,
            At = now,
            Nodes = Nodes,
            Traffic = services.ToImmutable(),
            Edges = edges.ToImmutable(),
            Ghosts = GhostList.Next(Ghosts, [], Nodes.ContainsKey, now),
        };
    }

    /// <summary>The graph with its services in other neighbourhoods.</summary>
    /// <param name="names">By service.</param>
    public TopologyGraph WithNeighbourhoods(ImmutableDictionary<string, string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var moved = Nodes.Values.Where(node => node.Neighbourhood != names.GetValueOrDefault(node.Service, ""))
            .Select(node => KeyValuePair.Create(node.Service, node with { Neighbourhood = names.GetValueOrDefault(node.Service, "") })).ToArray();
        return moved.Length == 0 ? this : new()
        {
            _registry = _registry,
            Generation = Generation,
            Revision = Revision,
            At = At,
            Nodes = Nodes.SetItems(moved),
            Traffic = Traffic,
            Edges = Edges,
            Ghosts = Ghosts,
        };
    }

    /// <summary>The graph that a delta leads to from this one.</summary>
    public TopologyGraph Apply(TopologyDelta delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        return new()
        {
            Generation = delta.Generation,
            Revision = delta.Revision,
            At = delta.At,
            Nodes = Nodes.RemoveRange(delta.RemovedNodes).SetItems(delta.Nodes.Select(node => KeyValuePair.Create(node.Service, node))),
            Traffic = Traffic.RemoveRange(delta.RemovedNodes).RemoveRange(delta.Quiet).SetItems(delta.Traffic),
            Edges = Edges.RemoveRange(delta.RemovedEdges).SetItems(delta.Edges),
            Ghosts = delta.Ghosts ?? Ghosts,
        };
    }

    /// <summary>True when both show the same, whatever they were derived from.</summary>
    public bool ShowsTheSameAs(TopologyGraph other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Generation == other.Generation && Revision == other.Revision && TopologyDelta.Between(this, other).IsEmpty;
    }
}
