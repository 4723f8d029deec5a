using System.Collections.Immutable;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Topology;

/// <summary>What differs between two graphs: whole nodes, traffic levels and edges, never parts of them.</summary>
public sealed record TopologyDelta
{
    public required Guid Generation { get; init; }

    public required long Revision { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>New or different nodes.</summary>
    public ImmutableArray<TopologyNode> Nodes { get; init; } = [];

    public ImmutableArray<string> RemovedNodes { get; init; } = [];

    /// <summary>New or different traffic, by service.</summary>
    public ImmutableArray<KeyValuePair<string, OpenTraffic>> Traffic { get; init; } = [];

    /// <summary>Services that are still there, but had no traffic for minutes.</summary>
    public ImmutableArray<string> Quiet { get; init; } = [];

    public ImmutableArray<KeyValuePair<EdgeKey, TrafficLevel>> Edges { get; init; } = [];

    public ImmutableArray<EdgeKey> RemovedEdges { get; init; } = [];

    /// <summary>All ghosts, or null where they are the same.</summary>
    public ImmutableArray<Ghost>? Ghosts { get; init; }

    public bool IsEmpty => Nodes.IsEmpty && RemovedNodes.IsEmpty && Traffic.IsEmpty && Quiet.IsEmpty && Edges.IsEmpty && RemovedEdges.IsEmpty && Ghosts is null;

    /// <summary>What differs in nodes and ghosts alone: all that another registry can change.</summary>
    public static TopologyDelta OfRegistry(TopologyGraph from, TopologyGraph to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var (nodes, removedNodes) = Difference(from.Nodes, to.Nodes);
        return new()
        {
            Generation = to.Generation,
            Revision = to.Revision,
            At = to.At,
            Nodes = [.. nodes.Select(pair => pair.Value)],
            RemovedNodes = removedNodes,
            Ghosts = from.Ghosts.AsSpan().SequenceEqual(to.Ghosts.AsSpan()) ? null : to.Ghosts,
        };
    }

    public static TopologyDelta Between(TopologyGraph from, TopologyGraph to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var (nodes, removedNodes) = Difference(from.Nodes, to.Nodes);
        var (traffic, quiet) = Difference(from.Traffic, to.Traffic);
        var (edges, removedEdges) = Difference(from.Edges, to.Edges);
        return new()
        {
            Generation = to.Generation,
            Revision = to.Revision,
            At = to.At,
            Nodes = [.. nodes.Select(pair => pair.Value)],
            RemovedNodes = removedNodes,
            Traffic = traffic,
            Quiet = [.. quiet.Where(to.Nodes.ContainsKey)],
            Edges = edges,
            RemovedEdges = removedEdges,
            Ghosts = from.Ghosts.AsSpan().SequenceEqual(to.Ghosts.AsSpan()) ? null : to.Ghosts,
        };
    }

    private static (ImmutableArray<KeyValuePair<TKey, TValue>> Changed, ImmutableArray<TKey> Removed) Difference<TKey, TValue>(
        ImmutableDictionary<TKey, TValue> from,
        ImmutableDictionary<TKey, TValue> to)
        where TKey : notnull
    {
        if (ReferenceEquals(from, to))
        {
            return ([], []);
        }

        return (
            [.. to.Where(pair => !from.TryGetValue(pair.Key, out var old) || !EqualityComparer<TValue>.Default.Equals(old, pair.Value))],
            [.. from.Keys.Where(key => !to.ContainsKey(key))]);
    }
}
