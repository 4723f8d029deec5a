using System.Collections.Concurrent;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Core.Topology;
using Dashboard.Tests.Support;
using Dashboard.Web.Live;
using Dashboard.Web.Live.Frames;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Dashboard.Tests.Web.Live;

/// <summary>The hub as viewers meet it: over a real connection, fed by a registry and by traffic.</summary>
public sealed class LiveHubTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly InstanceKey Cart1 = new("cart", "cart-1");

    private readonly InMemoryRegistry _registry = new(TimeProvider.System);
    private readonly List<HubConnection> _connections = [];
    private WebApplication _app = null!;

    private TrafficStore Traffic => _app.Services.GetRequiredService<TrafficStore>();

    public async ValueTask InitializeAsync()
    {
        _app = HubHost.Build(_registry);
        Register(Cart1, 8001);
        Register(new("cart", "cart-2"), 8002);
        await _app.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        await _app.DisposeAsync();
    }

    [Fact]
    public async Task A_viewer_sees_the_graph_and_then_what_changes()
    {
        var (connection, topology, _) = await ConnectAsync();
        await connection.InvokeAsync("SubscribeTopology", TestContext.Current.CancellationToken);
        await AppearsAsync(topology, frame => frame.Kind == (byte)FrameKind.Full && frame.Nodes!.Single().Service == "cart");

        _registry.Apply(new RegisterInstance(new("orders", "orders-1"), new() { Address = "10.0.0.1", Port = 9000 }));
        await AppearsAsync(topology, frame => frame.Kind == (byte)FrameKind.State && frame.Nodes?.Any(node => node.Service == "orders") == true);

        Report(1, ("orders", Cart1, 10));
        await AppearsAsync(topology, frame => frame.Kind == (byte)FrameKind.Traffic && frame.Edges?.Any(edge => edge is { Source: "orders", Target: "cart", Rps: > 0 }) == true);

        var sequences = topology.Select(frame => frame.Sequence).ToArray();
        Assert.Equal(Enumerable.Range(0, sequences.Length).Select(i => sequences[0] + i), sequences);
    }

    [Fact]
    public async Task A_burst_of_changes_becomes_few_frames_and_the_last_change_is_in_them()
    {
        var (connection, topology, _) = await ConnectAsync();
        await connection.InvokeAsync("SubscribeTopology", TestContext.Current.CancellationToken);
        await AppearsAsync(topology, frame => frame.Kind == (byte)FrameKind.Full);

        for (var i = 0; i < 300; i++)
        {
            _registry.Apply(new RegisterInstance(new("burst", $"i-{i}"), new() { Address = "10.0.0.1", Port = 10_000 + i }));
        }

        await AppearsAsync(topology, frame => frame.Nodes?.Any(node => node is { Service: "burst", Total: 300 }) == true);
        Assert.InRange(topology.Count(frame => frame.Kind == (byte)FrameKind.State), 1, 10);
    }

    [Fact]
    public async Task A_viewer_of_a_service_sees_its_instances_their_seconds_and_its_changes()
    {
        var (connection, _, services) = await ConnectAsync();
        await connection.InvokeAsync("SubscribeService", "cart", TestContext.Current.CancellationToken);
        await AppearsAsync(services, frame => frame.Kind == (byte)FrameKind.Full && frame.Instances!.Count == 2);

        _registry.Apply(new DrainInstance(Cart1) { Override = true, Reason = "kernel" });
        await AppearsAsync(services, frame =>
            frame.Instances?.Any(instance => instance.Id == "cart-1" && instance.Intent == (byte)IntentKind.Draining) == true);
        await AppearsAsync(services, frame => frame.Marks?.Any(mark => mark is { Action: "instance.drain", Target: "cart/cart-1", Actor: "ada" }) == true);

        Report(1, (TrafficSource.External, Cart1, 10));
        await AppearsAsync(services, frame => frame.Traffic?.Any(level => level is { Name: "cart-1", Rps: > 0 }) == true);
        await AppearsAsync(services, frame => frame.Samples?.Any(sample => sample.Rps > 0) == true);

        services.Clear();
        await connection.InvokeAsync("SubscribeService", "cart", TestContext.Current.CancellationToken);
        await AppearsAsync(services, frame => frame.Kind == (byte)FrameKind.Full && frame.Marks?.Count > 0 && frame.History?.Any(row => row.Instance == "cart-1" && row.Rps.Any(rps => rps > 0)) == true);
    }

    [Fact]
    public async Task A_service_that_the_registry_does_not_hold_is_told_as_such_and_appears_when_it_registers()
    {
        var (connection, _, services) = await ConnectAsync();
        await connection.InvokeAsync("SubscribeService", "late", TestContext.Current.CancellationToken);
        await AppearsAsync(services, frame => frame is { Service: "late", Exists: false });

        _registry.Apply(new RegisterInstance(new("late", "late-1"), new() { Address = "10.0.0.1", Port = 9100 }));

        await AppearsAsync(services, frame => frame is { Service: "late", Exists: true, Instances.Count: 1 });
    }

    [Fact]
    public async Task After_unsubscribing_nothing_comes_and_the_stream_is_dropped()
    {
        var (connection, _, services) = await ConnectAsync();
        await connection.InvokeAsync("SubscribeService", "cart", TestContext.Current.CancellationToken);
        await AppearsAsync(services, frame => frame.Kind == (byte)FrameKind.Full);

        await connection.InvokeAsync("UnsubscribeService", "cart", TestContext.Current.CancellationToken);

        Assert.Empty(_app.Services.GetRequiredService<LiveStreams>().Services());
    }

    [Fact]
    public async Task A_viewer_that_is_gone_is_forgotten()
    {
        var (connection, _, services) = await ConnectAsync();
        await connection.InvokeAsync("SubscribeService", "cart", TestContext.Current.CancellationToken);
        await AppearsAsync(services, frame => frame.Kind == (byte)FrameKind.Full);

        await connection.StopAsync(TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(() => _app.Services.GetRequiredService<LiveViewers>().Count == 0, Patience, "no viewer is left", TestContext.Current.CancellationToken);
        Assert.Empty(_app.Services.GetRequiredService<LiveStreams>().Services());
    }

    [Fact]
    public async Task Names_that_are_none_and_too_many_services_are_refused()
    {
        var (connection, _, _) = await ConnectAsync();

        await Assert.ThrowsAsync<HubException>(() => connection.InvokeAsync("SubscribeService", "", TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<HubException>(() => connection.InvokeAsync("SubscribeService", new string('a', 128), TestContext.Current.CancellationToken));
        for (var i = 0; i < LiveViewer.MaximumServices; i++)
        {
            await connection.InvokeAsync("SubscribeService", $"s-{i}", TestContext.Current.CancellationToken);
        }

        await connection.InvokeAsync("SubscribeTopology", TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<HubException>(() => connection.InvokeAsync("SubscribeService", "one-more", TestContext.Current.CancellationToken));
    }

    private static Task AppearsAsync<T>(ConcurrentQueue<T> frames, Func<T, bool> isIt) =>
        Eventually.TrueAsync(() => frames.Any(isIt), Patience, "the frame appears", TestContext.Current.CancellationToken);

    private async Task<(HubConnection Connection, ConcurrentQueue<TopologyFrame> Topology, ConcurrentQueue<ServiceFrame> Services)> ConnectAsync()
    {
        var connection = new HubConnectionBuilder().WithUrl($"{_app.Urls.Single()}/hubs/live").AddMessagePackProtocol().Build();
        _connections.Add(connection);
        var topology = new ConcurrentQueue<TopologyFrame>();
        var services = new ConcurrentQueue<ServiceFrame>();
        connection.On<TopologyFrame>("topology", topology.Enqueue);
        connection.On<ServiceFrame>("service", services.Enqueue);
        await connection.StartAsync(TestContext.Current.CancellationToken);
        return (connection, topology, services);
    }

    private void Register(InstanceKey key, int port)
    {
        _registry.Apply(new RegisterInstance(key, new() { Address = "10.0.0.1", Port = port, Zone = "zone-a" }));
        _registry.Apply(new RecordHealth(key.Service, [new(key, new(HealthStatus.Healthy, DateTimeOffset.UnixEpoch, null, 1))]));
    }

    private void Report(long sequence, params (string Source, InstanceKey Target, int Requests)[] rows) => Traffic.Accept(new()
    {
        Reporter = "test",
        Session = Guid.NewGuid(),
        Sequence = sequence,
        Period = TimeSpan.FromSeconds(1),
        Rows = [.. rows.Select(row => new TrafficRow(row.Source, row.Target.Service, row.Target.Id, row.Requests, row.Requests, 0, LatencyHistogram.Of(TimeSpan.FromMilliseconds(5))))],
    });
}
