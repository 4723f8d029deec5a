using Dashboard.Core.History;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Live.Frames;
using Microsoft.AspNetCore.SignalR;

namespace Dashboard.Web.Live;

/// <summary>Frames of a moment of the past, in the form of the live ones: full frames, one for each question.</summary>
internal sealed class PastFrames(MeshHistory history, TrafficStore traffic, Neighbourhoods neighbourhoods)
{
    private static readonly TimeSpan InstanceHistory = TimeSpan.FromMinutes(1);

    // Beyond this many a frame would cost more than its sparklines are worth.
    private const int InstancesWithHistory = 100;

    public async Task<TopologyFrame> TopologyAsync(long at, CancellationToken cancellationToken)
    {
        var past = await AtAsync(at, cancellationToken);
        // Groups are those of now: what stands where in the graph must not depend on the moment.
        var graph = TopologyGraph.Derive(past.Registry, past.Traffic, past.At).WithNeighbourhoods(neighbourhoods.Current);
        return new(
            (byte)FrameKind.Full, 0, graph.Revision, graph.Generation.ToString(), past.At.ToUnixTimeMilliseconds(), null,
            [.. graph.Nodes.Values.Select(FrameRows.Node)], null,
            [.. graph.Traffic.Select(FrameRows.Traffic)],
            [.. graph.Edges.Select(FrameRows.Edge)], null,
            null,
            past.Grain != TrafficGrain.Unknown);
    }

    public async Task<ServiceFrame> ServiceAsync(string service, long at, CancellationToken cancellationToken)
    {
        var past = await AtAsync(at, cancellationToken);
        var detail = ServiceDetail.Unknown(service).WithRegistry(past.Registry, past.At).WithTraffic(past.Traffic, past.At);
        return new(
            (byte)FrameKind.Full, 0, past.Registry.Revision, past.Registry.Generation.ToString(), past.At.ToUnixTimeMilliseconds(), null, service, detail.Exists,
            [.. detail.Instances.Values.Select(FrameRows.Instance)], null,
            [.. detail.Traffic.Select(FrameRows.Traffic)], null, null, null,
            past.Grain != TrafficGrain.Second || detail.Instances.Count > InstancesWithHistory ? null : FrameRows.Rows(
                detail.Instances.Values.ToArray(),
                instance => new HistoryRow(
                    instance.Id, [.. traffic.Chart(service, instance.Id, past.At - InstanceHistory, past.At, TimeSpan.FromSeconds(1)).Select(point => (float?)point.Rps)])));
    }

    private async Task<PastMesh> AtAsync(long at, CancellationToken cancellationToken)
    {
        if (at is < 0 or > 253402300799999)
        {
            throw new HubException("That is no moment.");
        }

        try
        {
            var answer = await history.AtAsync(DateTimeOffset.FromUnixTimeMilliseconds(at), cancellationToken);
            return answer.Mesh ?? throw new HubException(answer.Problem);
        }
        catch (System.Data.Common.DbException)
        {
            throw new HubException("The registry's database does not answer.");
        }
    }
}
