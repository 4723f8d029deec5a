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

    /// <summary>A client begins to report.</summary>
    /// <param name="id">The name that it follows under.</param>
    /// <param name="cluster">Its node's cluster: the service that calls.</param>
    public LoadReporter Open(string id, string cluster, bool isGrpc) => new(this, id, SourceOf(cluster), isGrpc, time);

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

    public void Accept(TrafficReport report)
    {
        traffic.Accept(report);
        followers.Reported(report.Reporter);
    }

    private static string SourceOf(string cluster) => cluster.Length == 0 ? TrafficSource.External : cluster.Length <= 127 && !cluster.Any(char.IsControl) ? cluster : TrafficSource.Unknown;
}
