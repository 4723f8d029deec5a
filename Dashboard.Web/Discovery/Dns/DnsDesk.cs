using Dashboard.Core.Discovery.Dns;

namespace Dashboard.Web.Discovery.Dns;

/// <summary>What every listener of the DNS server shares.</summary>
internal sealed record DnsDesk(
    DnsOptions Options,
    DnsResponder Responder,
    ResponseRateLimiter Limiter,
    DnsClients Clients,
    DnsCounters Counters,
    TimeProvider Time,
    ILogger Logger);
