using System.Net;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Dashboard.Web.Discovery.Dns;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Wire.Dns;

/// <summary>The real listeners on a free loopback port over a catalog that the test writes.</summary>
internal sealed class DnsServerFixture : IAsyncDisposable
{
    private readonly DnsServer _server;

    private DnsServerFixture(DnsServer server, FakeServingSource source, FollowerTable followers, DnsCounters counters)
    {
        _server = server;
        Source = source;
        Followers = followers;
        Counters = counters;
    }

    public FakeServingSource Source { get; }

    public FollowerTable Followers { get; }

    public DnsCounters Counters { get; }

    public IPEndPoint Endpoint => _server.Endpoints[0];

    public static async Task<DnsServerFixture> StartAsync(DnsOptions options, CancellationToken cancellationToken, TimeProvider? time = null, params ServingSet[] sets)
    {
        var source = new FakeServingSource(sets);
        var followers = new FollowerTable(TimeProvider.System);
        var counters = new DnsCounters();
        var server = new DnsServer(
            options with { Endpoints = [new(IPAddress.Loopback, 0)] }, source, null, followers, counters, time ?? TimeProvider.System, NullLogger<DnsServer>.Instance);
        await server.StartAsync(cancellationToken);
        return new(server, source, followers, counters);
    }

    public static Task<DnsServerFixture> StartAsync(CancellationToken cancellationToken, params ServingSet[] sets) => StartAsync(new(), cancellationToken, null, sets);

    public Task StopAsync() => _server.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Counters.Dispose();
    }
}
