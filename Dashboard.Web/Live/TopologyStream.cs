using Dashboard.Core.Registry;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Live.Frames;

namespace Dashboard.Web.Live;

/// <summary>
/// The whole graph as frames. Viewers know the graph as it was told: in a large mesh a traffic frame tells what matters first (<see cref="TrafficRation"/>), and
/// a full frame says what the deltas before it have said, so that all viewers know the same.
/// </summary>
internal sealed class TopologyStream(Neighbourhoods neighbourhoods) : LiveStream
{
    private TopologyGraph _graph = TopologyGraph.Empty;
    private TopologyGraph _told = TopologyGraph.Empty;
    private DateTimeOffset? _staleSince;

    protected override string Method => "topology";

    public Task PublishStateAsync(RegistrySnapshot registry, DateTimeOffset? staleSince, DateTimeOffset now) => PublishAsync(sequence =>
    {
        _graph = _graph.WithRegistry(registry, now);
        return Tell(FrameKind.State, sequence, IsViewed ? TopologyDelta.OfRegistry(_told, _graph) : null, staleSince);
    });

    public Task PublishTrafficAsync(TrafficFrame traffic, DateTimeOffset? staleSince, DateTimeOffset now) => PublishAsync(sequence =>
    {
        var next = _graph.WithTraffic(traffic, now);
        _graph = next.WithNeighbourhoods(neighbourhoods.Update(next));
        return Tell(FrameKind.Traffic, sequence, IsViewed ? TrafficRation.Of(TopologyDelta.Between(_told, _graph), _told, _graph, sequence) : null, staleSince);
    });

    protected override object MakeFull(long sequence) => new TopologyFrame(
        (byte)FrameKind.Full, sequence, _told.Revision, _told.Generation.ToString(), _told.At.ToUnixTimeMilliseconds(), _staleSince?.ToUnixTimeMilliseconds(),
        [.. _told.Nodes.Values.Select(FrameRows.Node)], null,
        [.. _told.Traffic.Select(FrameRows.Traffic)],
        [.. _told.Edges.Select(FrameRows.Edge)], null,
        FrameRows.Ghosts(_told.Ghosts));

    /// <summary>Without a delta nobody looks, and whoever comes next is told everything.</summary>
    private TopologyFrame? Tell(FrameKind kind, long sequence, TopologyDelta? delta, DateTimeOffset? staleSince)
    {
        _staleSince = staleSince;
        _told = delta is null ? _graph : _told.Apply(delta);
        if (delta is null || (kind == FrameKind.State && delta.IsEmpty))
        {
            return null;
        }

        return new(
            (byte)kind, sequence, delta.Revision, delta.Generation.ToString(), delta.At.ToUnixTimeMilliseconds(), staleSince?.ToUnixTimeMilliseconds(),
            FrameRows.Rows(delta.Nodes, FrameRows.Node),
            FrameRows.Rows(delta.RemovedNodes, name => name),
            FrameRows.Rows([.. delta.Traffic, .. delta.Quiet.Select(name => KeyValuePair.Create(name, OpenTraffic.None))], FrameRows.Traffic),
            FrameRows.Rows(delta.Edges, FrameRows.Edge),
            FrameRows.Rows(delta.RemovedEdges, FrameRows.EdgeName),
            FrameRows.Ghosts(delta.Ghosts));
    }
}
