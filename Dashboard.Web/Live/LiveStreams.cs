using Dashboard.Core.Registry;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Live;

/// <summary>The streams that are viewed: the topology, and each service that somebody looks at.</summary>
internal sealed class LiveStreams(IRegistry registry, TrafficStore traffic, Neighbourhoods neighbourhoods, ChangeMarks marks, TimeProvider time)
{
    // Taken before a viewer's lock. Keeps a stream from being dropped between its finding and its first viewer.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServiceStream> _services = new(StringComparer.Ordinal);

    public TopologyStream Topology { get; } = new(neighbourhoods);

    public bool SubscribeTopology(LiveViewer viewer)
    {
        var accepted = viewer.Subscribe(Topology);
        viewer.SendPending();
        return accepted;
    }

    public bool SubscribeService(LiveViewer viewer, string service)
    {
        bool accepted;
        lock (_gate)
        {
            if (!_services.TryGetValue(service, out var stream))
            {
                stream = new(service, registry.Current, traffic, marks, registry.Availability.UnavailableSince, time.GetUtcNow());
            }

            accepted = viewer.Subscribe(stream);
            if (accepted)
            {
                _services[service] = stream;
            }
        }

        viewer.SendPending();
        return accepted;
    }

    public void UnsubscribeService(LiveViewer viewer, string service)
    {
        lock (_gate)
        {
            if (_services.TryGetValue(service, out var stream))
            {
                viewer.Unsubscribe(stream);
            }
        }
    }

    /// <summary>The services that are viewed now; streams without a viewer are dropped.</summary>
    public IReadOnlyList<ServiceStream> Services()
    {
        lock (_gate)
        {
            foreach (var (service, stream) in _services)
            {
                if (!stream.IsViewed)
                {
                    _services.Remove(service);
                }
            }

            return [.. _services.Values];
        }
    }
}
