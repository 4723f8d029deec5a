using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Web.Discovery.Agent;
using Dashboard.Web.Discovery.Dns;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Wire.HAProxy;

/// <summary>The two example configurations under load: what an operator decides takes effect in a real HAProxy within two seconds, and no request fails.</summary>
public sealed class HAProxyTests : IAsyncLifetime
{
    private const int Instances = 3;

    // Two seconds on an idle machine; a busy one may take its time.
    private static readonly TimeSpan Goal = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Actor Operator = new("anna", ActorKind.Operator);

    private readonly CancellationTokenSource _stopping = new();
    private readonly InMemoryRegistry _registry = new(TimeProvider.System);
    private readonly FollowerTable _followers = new(TimeProvider.System);
    private readonly List<TestServer> _servers = [];
    private readonly RegistryServingSource _source;
    private readonly DnsCounters _counters = new();
    private AgentServer? _agent;
    private DnsServer? _dns;

    public HAProxyTests() => _source = new(_registry, new());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _source.StartAsync(Cancellation);
        _registry.Execute(new PutService("orders", ServiceSettings.Default with { Check = CheckSettings.Default with { Kind = CheckKind.None }, MinEligiblePercent = 0 }), Operator);
        for (var i = 1; i <= Instances; i++)
        {
            var server = await TestServer.StartAsync(HttpProtocols.Http1, null, app => app.MapGet("/{**path}", () => "ok"));
            _servers.Add(server);
            _registry.Execute(new RegisterInstance(Key(i), new() { Address = "127.0.0.1", Port = server.EndPoint.Port }), Operator);
        }

        _agent = new(new() { Endpoints = [new(IPAddress.Loopback, 0)] }, _source, _registry, _followers, TimeProvider.System, NullLogger<AgentServer>.Instance);
        await _agent.StartAsync(Cancellation);
        _dns = new(new() { Endpoints = [new(IPAddress.Loopback, 0)] }, _source, _registry, _followers, _counters, TimeProvider.System, NullLogger<DnsServer>.Instance);
        await _dns.StartAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_agent is not null)
            await _agent.DisposeAsync();

        if (_dns is not null)
            await _dns.DisposeAsync();

        await _source.StopAsync(CancellationToken.None);
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _counters.Dispose();
        _stopping.Dispose();
    }

    [Fact]
    public async Task AgentCheck_WeightDrainAndMaintenance_TakeEffectWithoutAFailedRequest()
    {
        var ports = new Dictionary<int, int> { [5054] = _agent!.Endpoints[0].Port, [9001] = Port(1), [9002] = Port(2), [9003] = Port(3) };
        await using var haproxy = await HAProxyProcess.StartAsync("agent-check.cfg", ports, Cancellation);
        await UntilAsync(haproxy, servers => servers.Values.All(server => server is { Status: "UP", Weight: 100 }), Patience, "all are up");
        var load = new HttpLoad(haproxy.Port, clients: 8);

        Execute(new SetWeights("orders", ImmutableSortedDictionary<string, int?>.Empty.Add("orders-1", 25)));
        await UntilAsync(haproxy, servers => servers["orders-1"] is { Status: "UP", Weight: 25 } && servers["orders-2"].Weight == 100, Goal, "orders-1 has weight 25");

        Execute(new DrainInstance(Key(2)));
        var drained = await UntilAsync(haproxy, servers => servers["orders-2"].Status.StartsWith("DRAIN", StringComparison.Ordinal), Goal, "orders-2 drains");
        await load.FinishAsync(100, Cancellation);
        Assert.InRange((await haproxy.ServersAsync(Cancellation))["orders-2"].Sessions - drained["orders-2"].Sessions, 0, 0);

        // Whoever polls counts as a follower, by the name that its configuration gives it, and has taken what it was told.
        await Eventually.TrueAsync(
            () => _followers.Find("haproxy:lb-1") is { Kind: FollowerKind.AgentCheck } follower && follower.AcknowledgedOf("orders", _registry.Current.Generation) == _registry.Current.Revision,
            Goal, "HAProxy has acknowledged the drain", Cancellation);
        Assert.Contains("haproxy:lb-1", _followers.FollowersOf(["orders"]));

        Execute(new UndrainInstance(Key(2)));
        await UntilAsync(haproxy, servers => servers["orders-2"] is { Status: "UP", Weight: 100 }, Goal, "orders-2 is back");

        Execute(new SetMaintenance(Key(3), null));
        await UntilAsync(haproxy, servers => servers["orders-3"].Status.StartsWith("MAINT", StringComparison.Ordinal), Goal, "orders-3 is in maintenance");
        Execute(new UndrainInstance(Key(3)));
        await UntilAsync(haproxy, servers => servers["orders-3"] is { Status: "UP", Weight: 100 }, Goal, "orders-3 is back");

        var (sent, failed) = await load.StopAsync();
        Assert.True(sent > 100, $"only {sent} requests");
        Assert.Empty(failed);
    }

    [Fact]
    public async Task AgentCheck_UnhealthyAndBack_GoesDownAndUp()
    {
        var ports = new Dictionary<int, int> { [5054] = _agent!.Endpoints[0].Port, [9001] = Port(1), [9002] = Port(2), [9003] = Port(3) };
        await using var haproxy = await HAProxyProcess.StartAsync("agent-check.cfg", ports, Cancellation);
        await UntilAsync(haproxy, servers => servers.Values.All(server => server is { Status: "UP", Weight: 100 }), Patience, "all are up");

        Judge(HealthStatus.Unhealthy);
        var down = await UntilAsync(haproxy, servers => servers["orders-1"].Status.StartsWith("DOWN", StringComparison.Ordinal), Goal, "orders-1 is down");
        Assert.Contains("unhealthy", down["orders-1"].LastAgent + await haproxy.AskAsync("show stat", Cancellation), StringComparison.Ordinal);

        Judge(HealthStatus.Healthy);
        await UntilAsync(haproxy, servers => servers["orders-1"] is { Status: "UP", Weight: 100 }, Patience, "orders-1 is up");

        void Judge(HealthStatus status) => _registry.Execute(new RecordHealth("orders", [new(Key(1), new(status, DateTimeOffset.UnixEpoch, status.ToString(), 3))]), Actor.System("health"));
    }

    [Fact]
    public async Task Srv_WeightAndDrain_TakeEffectWithoutAFailedRequest()
    {
        var ports = new Dictionary<int, int> { [5053] = _dns!.Endpoints[0].Port };
        await using var haproxy = await HAProxyProcess.StartAsync("srv.cfg", ports, Cancellation);
        await UntilAsync(haproxy, servers => servers.Values.Count(server => server is { Status: "UP", Weight: 256 }) == Instances, Patience, "all are found");
        var load = new HttpLoad(haproxy.Port, clients: 8);

        Execute(new SetWeights("orders", ImmutableSortedDictionary<string, int?>.Empty.Add("orders-1", 25)));
        await UntilAsync(haproxy, servers => At(servers, 1) is { Status: "UP", Weight: 64 } && At(servers, 2)!.Weight == 256, Goal, "orders-1 has a quarter of the weight");

        Execute(new DrainInstance(Key(2)));
        await UntilAsync(haproxy, servers => servers.Values.Count(server => server.Status == "UP") == 2 && At(servers, 2) is null or { Status: not "UP" }, Goal, "orders-2 is gone");
        // What was on its way to it arrives still; then a hundred others are answered and it gets none.
        await Eventually.TrueAsync(
            async () =>
            {
                var asked = _servers[1].Asked.Count;
                await load.FinishAsync(100, Cancellation);
                return Requests(_servers[1], asked) == 0;
            },
            Patience, () => "orders-2 gets no new request", Cancellation);

        Execute(new UndrainInstance(Key(2)));
        await UntilAsync(haproxy, servers => At(servers, 2) is { Status: "UP", Weight: 256 }, Patience, "orders-2 is back");

        // The console goes away: HAProxy keeps what it has.
        var endpoint = _dns.Endpoints[0];
        await _dns.StopAsync(Cancellation);
        await using var gone = new HangUpListener(endpoint);
        await Eventually.TrueAsync(() => gone.Connections >= 5, Patience, "HAProxy asks in vain", Cancellation);
        Assert.Equal(Instances, (await haproxy.ServersAsync(Cancellation)).Values.Count(server => server.Status == "UP"));

        var (sent, failed) = await load.StopAsync();
        Assert.True(sent > 100, $"only {sent} requests");
        Assert.Empty(failed);
    }

    [Fact]
    public async Task AgentCheck_ConsoleAwayOrMisspelt_ChangesNothing()
    {
        var ports = new Dictionary<int, int> { [5054] = _agent!.Endpoints[0].Port, [9001] = Port(1), [9002] = Port(2), [9003] = Port(3) };
        await using var haproxy = await HAProxyProcess.StartAsync("agent-check.cfg", ports, Cancellation, text => text.Replace("orders/orders-2", "orders-2", StringComparison.Ordinal));
        Execute(new DrainInstance(Key(1)));
        await UntilAsync(haproxy, servers => servers["orders-1"].Status.StartsWith("DRAIN", StringComparison.Ordinal), Patience, "orders-1 drains");

        var endpoint = _agent.Endpoints[0];
        await _agent.StopAsync(Cancellation);
        await using var gone = new HangUpListener(endpoint);
        await Eventually.TrueAsync(() => gone.Connections >= 5 * Instances, Patience, "HAProxy asks in vain", Cancellation);

        var servers = await haproxy.ServersAsync(Cancellation);
        Assert.StartsWith("DRAIN", servers["orders-1"].Status, StringComparison.Ordinal);
        Assert.Equal(("UP", 100), (servers["orders-2"].Status, servers["orders-2"].Weight));
        Assert.Equal(("UP", 100), (servers["orders-3"].Status, servers["orders-3"].Weight));
    }

    private static InstanceKey Key(int i) => new("orders", $"orders-{i}");

    private static int Requests(TestServer server, int after) => server.Asked.Skip(after).Count(path => path == HttpLoad.Path);

    private int Port(int i) => _servers[i - 1].EndPoint.Port;

    private HAProxyServer? At(IReadOnlyDictionary<string, HAProxyServer> servers, int i) =>
        servers.Values.FirstOrDefault(server => server.Address == $"127.0.0.1:{Port(i)}" && !server.Status.StartsWith("MAINT", StringComparison.Ordinal));

    private void Execute(OperatorCommand command) => Assert.IsType<CommandResult.Committed>(_registry.Execute(command with { Reason = "test" }, Operator));

    private static async Task<IReadOnlyDictionary<string, HAProxyServer>> UntilAsync(
        HAProxyProcess haproxy, Func<IReadOnlyDictionary<string, HAProxyServer>, bool> condition, TimeSpan patience, string expectation)
    {
        IReadOnlyDictionary<string, HAProxyServer> servers = new Dictionary<string, HAProxyServer>();
        await Eventually.TrueAsync(
            async () => condition(servers = await haproxy.ServersAsync(Cancellation)),
            patience,
            () => $"{expectation}; HAProxy has:\n{string.Join('\n', servers.Values)}\n{haproxy.Output}",
            Cancellation);
        return servers;
    }
}
