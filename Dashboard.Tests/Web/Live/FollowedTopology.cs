using Dashboard.Web.Live.Frames;

namespace Dashboard.Tests.Web.Live;

/// <summary>What a viewer knows after the frames so far; the same rules as the browser's.</summary>
internal sealed class FollowedTopology
{
    public SortedDictionary<string, NodeRow> Nodes { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, LevelRow> Traffic { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, EdgeRow> Edges { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<GhostRow> Ghosts { get; private set; } = [];

    public long Sequence { get; private set; } = -1;

    /// <summary>False: the frame does not follow the one before.</summary>
    public bool Apply(TopologyFrame frame)
    {
        if (frame.Kind == (byte)FrameKind.Full)
        {
            Nodes.Clear();
            Traffic.Clear();
            Edges.Clear();
        }
        else if (frame.Sequence != Sequence + 1)
        {
            return false;
        }

        Sequence = frame.Sequence;
        foreach (var node in frame.Nodes ?? [])
        {
            Nodes[node.Service] = node;
        }

        foreach (var level in frame.Traffic ?? [])
        {
            Traffic[level.Name] = level;
        }

        foreach (var edge in frame.Edges ?? [])
        {
            Edges[$"{edge.Source} {edge.Target}"] = edge;
        }

        foreach (var name in frame.Removed ?? [])
        {
            Nodes.Remove(name);
            Traffic.Remove(name);
        }

        foreach (var edge in frame.RemovedEdges ?? [])
        {
            Edges.Remove($"{edge.Source} {edge.Target}");
        }

        Ghosts = frame.Ghosts ?? Ghosts;
        return true;
    }

    /// <summary>Everything it shows, as text to compare; traffic of zero and no traffic are the same to a viewer.</summary>
    public override string ToString() => string.Join('\n',
    [
        .. Nodes.Values.Select(node => $"{node with { Zones = [] }} {string.Join(',', node.Zones)}"),
        .. Traffic.Values.Where(level => level with { Name = "", InFlightKnown = true } != new LevelRow("", 0, null, 0, 0, true, null, null, null)).Select(level => level.ToString()),
        .. Edges.Values.Select(edge => edge.ToString()),
        .. Ghosts.Select(ghost => ghost.ToString()),
    ]);
}
