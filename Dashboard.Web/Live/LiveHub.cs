using Dashboard.Web.Live.Frames;
using Microsoft.AspNetCore.SignalR;

namespace Dashboard.Web.Live;

/// <summary>What a viewer may ask for. A subscription that exists already is answered by a full frame, which is how a viewer mends a gap.</summary>
internal sealed class LiveHub(LiveStreams streams, LiveViewers viewers, PastFrames past) : Hub
{
    // A name of two labels of 63 characters and a dot.
    private const int LongestName = 127;

    private LiveViewer Viewer => viewers.Find(Context.ConnectionId) ?? throw new HubException("This connection is closing.");

    public void SubscribeTopology() => streams.SubscribeTopology(Viewer);

    public void UnsubscribeTopology() => Viewer.Unsubscribe(streams.Topology);

    /// <summary>The whole graph as it was.</summary>
    /// <param name="at">Unix milliseconds.</param>
    public Task<TopologyFrame> TopologyAt(long at) => past.TopologyAsync(at, Context.ConnectionAborted);

    /// <summary>One service as it was.</summary>
    /// <param name="at">Unix milliseconds.</param>
    public Task<ServiceFrame> ServiceAt(string service, long at) => past.ServiceAsync(Named(service), at, Context.ConnectionAborted);

    public void SubscribeService(string service)
    {
        Named(service);
        if (!streams.SubscribeService(Viewer, service))
        {
            throw new HubException($"A connection may follow at most {LiveViewer.MaximumServices} services.");
        }
    }

    public void UnsubscribeService(string service) => streams.UnsubscribeService(Viewer, service ?? "");

    private static string Named(string service) => string.IsNullOrEmpty(service) || service.Length > LongestName ? throw new HubException("That is not the name of a service.") : service;
}
