using Dashboard.Core.Discovery;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway;

/// <summary>The way to the console that the gateway runs in: through memory.</summary>
internal sealed class LocalUplink(FollowerTable followers, TrafficStore traffic) : IGatewayUplink
{
    public ValueTask<bool> AcknowledgeAsync(string gateway, ServingCatalog catalog, CancellationToken cancellationToken)
    {
        followers.Seen(gateway, FollowerKind.Gateway, address: null, services: null, reports: true);
        followers.Acknowledge(gateway, catalog.Generation, catalog.Revision);
        return ValueTask.FromResult(true);
    }

    public void Report(TrafficReport report, long ended)
    {
        traffic.Accept(report);
        followers.Reported(report.Reporter);
    }

    public void Leave(string gateway) => followers.Disconnected(gateway);
}
