using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Discovery.Xds;

/// <summary>Where load reports become traffic.</summary>
internal sealed class LoadReportDesk(IRegistry registry, TrafficStore traffic, FollowerTable followers, TimeProvider time)
{
    // By address and port, the way Envoy names instances; made once for each state of a service.
    private readonly ConditionalWeakTable<ServiceSnapshot, Dictionary<(string Address, int Port), string>> _addresses = [];

    private readonly Dictionary<string, LoadReportNode> _nodes = new(StringComparer.Ordinal);

    /// <summary>A client begins to report. Dispose the result when its stream ends.</summary>
    /// <param name="id">The name that it follows under.</param>
    /// <param name="cluster">Its node's cluster: the service that calls.</param>
    public LoadReporter Open(string id, string cluster, bool isGrpc)
    {
        lock (_nodes)
        {
            if (!_nodes.TryGetValue(id, out var node))
                _nodes[id] = node = new(id, time);

            var reporter = new LoadReporter(this, node, SourceOf(cluster), isGrpc, time);
            node.Join(reporter);
            return reporter;
        }
    }

    /// <summary>Its stream has ended.</summary>
    public void Close(LoadReporter reporter, LoadReportNode node)
    {
        lock (_nodes)
        {
            if (!node.Leave(reporter))
                _nodes.Remove(node.Id);
        }
    }

    /// <summary>The instance at this place; null for one that is not registered.</summary>
    public string? InstanceAt(string service, string address, int port)
    {
        if (!registry.Current.TryGetService(service, out var found))
            return null;

        var places = _addresses.GetValue(found, static service =>
        {
            var all = new Dictionary<(string, int), string>();
            foreach (var instance in service.Instances.Values)
                all[(instance.Registration.Address, instance.Registration.Port)] = instance.Id;

            return all;
        });
        return places.GetValueOrDefault((address, port));
    }

    public bool IsRegistered(string service) => registry.Current.Services.ContainsKey(service);

    /// <summary>One stream of a node says what it sent and has open.</summary>
    public void Accept(LoadReporter reporter, LoadReportNode node, TimeSpan period, ImmutableArray<TrafficRow> rows, ImmutableArray<InFlightRow> open)
    {
        node.Say(reporter, period, rows, open, traffic);
        followers.Reported(node.Id);
    }

    private static string SourceOf(string cluster) => cluster.Length == 0 ? TrafficSource.External : cluster.Length <= 127 && !cluster.Any(char.IsControl) ? cluster : TrafficSource.Unknown;
}
