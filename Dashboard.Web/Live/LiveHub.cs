using Microsoft.AspNetCore.SignalR;

namespace Dashboard.Web.Live;

/// <summary>What a viewer may ask for. A subscription that exists already is answered by a full frame, which is how a viewer mends a gap.</summary>
internal sealed class LiveHub(LiveStreams streams, LiveViewers viewers) : Hub
{
    // A name of two labels of 63 characters and a dot.
    private const int LongestName = 127;

    private LiveViewer Viewer => viewers.Find(Context.ConnectionId) ?? throw new HubException("This connection is closing.");

    public void SubscribeTopology() => streams.SubscribeTopology(Viewer);

    public void UnsubscribeTopology() => Viewer.Unsubscribe(streams.Topology);

    public void SubscribeService(string service)
    {
        if (string.IsNullOrEmpty(service) || service.Length > LongestName)
        {
            throw new HubException("That is not the name of a service.");
        }

        if (!streams.SubscribeService(Viewer, service))
        {
            throw new HubException($"A connection may follow at most {LiveViewer.MaximumServices} services.");
        }
    }

    public void UnsubscribeService(string service) => streams.UnsubscribeService(Viewer, service ?? "");
}
