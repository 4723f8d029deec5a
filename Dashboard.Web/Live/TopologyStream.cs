using Dashboard.Core.Registry;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Live.Frames;

namespace Dashboard.Web.Live;

/// <summary>The whole graph as frames.</summary>
internal sealed class TopologyStream : LiveStream
{
    private TopologyGraph _graph = TopologyGraph.Empty;
    private DateTimeOffset? _staleSince;

    protected override string Method => "topology";

    public void PublishState(RegistrySnapshot registry, DateTimeOffset? staleSince, DateTimeOffset now) =>
        Publish(sequence => Step(FrameKind.State, sequence, _graph.WithRegistry(registry, now), staleSince));

    public void PublishTraffic(TrafficFrame traffic, DateTimeOffset? staleSince, DateTimeOffset now) =>
        Publish(sequence => Step(FrameKind.Traffic, sequence, _graph.WithTraffic(traffic, now), staleSince));

    protected override object MakeFull(long sequence) => new TopologyFrame(
        (byte)FrameKind.Full, sequence, _graph.Revision, _graph.Generation.ToString(), _graph.At.ToUnixTimeMilliseconds(), _staleSince?.ToUnixTimeMilliseconds(),
        [.. _graph.Nodes.Values.Select(FrameRows.Node)], null,
        [.. _graph.Traffic.Select(FrameRows.Traffic)],
        [.. _graph.Edges.Select(FrameRows.Edge)], null,
        FrameRows.Ghosts(_graph.Ghosts));

    private TopologyFrame? Step(FrameKind kind, long sequence, TopologyGraph next, DateTimeOffset? staleSince)
    {
        var before = _graph;
        _graph = next;
        _staleSince = staleSince;
        if (!IsViewed)
        {
            return null;
        }

        var delta = TopologyDelta.Between(before, next);
        if (kind == FrameKind.State && delta.IsEmpty)
        {
            return null;
        }

        return new(
            (byte)kind, sequence, next.Revision, next.Generation.ToString(), next.At.ToUnixTimeMilliseconds(), staleSince?.ToUnixTimeMilliseconds(),
            FrameRows.Rows(delta.Nodes, FrameRows.Node),
            FrameRows.Rows(delta.RemovedNodes, name => name),
            FrameRows.Rows([.. delta.Traffic, .. delta.Quiet.Select(name => KeyValuePair.Create(name, OpenTraffic.None))], FrameRows.Traffic),
            FrameRows.Rows(delta.Edges, FrameRows.Edge),
            FrameRows.Rows(delta.RemovedEdges, FrameRows.EdgeName),
            FrameRows.Ghosts(delta.Ghosts));
    }
}
