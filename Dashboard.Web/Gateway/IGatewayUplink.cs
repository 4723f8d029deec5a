using Dashboard.Core.Discovery;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway;

/// <summary>Whom the gateway tells what it has taken and what it sent: the console it runs in, or a remote one.</summary>
internal interface IGatewayUplink
{
    /// <summary>The gateway forwards by this catalog now. Returns false when it could not be told; it is told again then.</summary>
    ValueTask<bool> AcknowledgeAsync(string gateway, ServingCatalog catalog, CancellationToken cancellationToken);

    /// <summary>Hands a report over. Never waits for the network.</summary>
    /// <param name="ended">The timestamp at which the reported period ended.</param>
    void Report(TrafficReport report, long ended);

    /// <summary>The gateway stops.</summary>
    void Leave(string gateway);
}
