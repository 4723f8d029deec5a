using System.Collections.Immutable;
using System.Diagnostics;
using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Dashboard.Web.Live;
using Dashboard.Web.Live.Frames;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dashboard.Tests.Benchmarks;

/// <summary>The benchmark's server, in a process of its own: the live hub over a mesh in memory, and SignalR's own broadcast of the frames that it recorded there.</summary>
internal sealed class HubServer : IAsyncDisposable
{
    private readonly InMemoryRegistry _registry = new(TimeProvider.System);
    private readonly LargeMesh _mesh = new(1000, 10, 5000);
    private readonly WebApplication _app;
    private readonly List<(TimeSpan At, TopologyFrame Frame)> _recorded = [];
    private readonly ImmutableArray<TrafficReport> _reports;
    private HubConnection? _recorder;
    private CancellationTokenSource _running = new();
    private Task _work = Task.CompletedTask;

    private HubServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IRegistry>(_registry);
        builder.Services.AddTraffic();
        builder.Services.AddTopology();
        builder.Services.AddSingleton<IHistoryStore>(new InMemoryHistory(_registry));
        builder.Services.AddSingleton<MeshHistory>();
        builder.Services.AddLive();
        _app = builder.Build();
        _app.MapLive();
        _app.MapHub<RawHub>("/hubs/raw");
        _mesh.Fill(_registry);
        _reports = [.. Enumerable.Range(0, 10).Select(_ => _mesh.NextReport())];
        _app.MapPost("/mesh/on", () => Start(LiveAsync));
        _app.MapPost("/mesh/off", StopAsync);
        _app.MapPost("/record/on", RecordAsync);
        _app.MapPost("/record/off", () => _recorder!.StopAsync());
        _app.MapPost("/replay/on", () => Start(ReplayAsync));
    }

    /// <summary>Runs until cancelled or killed; its address is the first line it prints.</summary>
    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var server = new HubServer();
        await server._app.StartAsync(cancellationToken);
        Console.WriteLine(server._app.Urls.Single());
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app.DisposeAsync();
        _running.Dispose();
    }

    private void Start(Func<CancellationToken, Task> work)
    {
        _running = new();
        _work = Task.Run(() => work(_running.Token));
    }

    private async Task StopAsync()
    {
        await _running.CancelAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LiveAsync(CancellationToken cancellationToken)
    {
        var traffic = _app.Services.GetRequiredService<TrafficStore>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var tick = 0; await timer.WaitForNextTickAsync(cancellationToken); tick++)
        {
            _mesh.Change(_registry, 40);
            if (tick % 5 == 0)
            {
                traffic.Accept(_reports[tick / 5 % _reports.Length] with { Sequence = tick / 5 + 1 });
            }
        }
    }

    private async Task RecordAsync()
    {
        _recorder = new HubConnectionBuilder().WithUrl($"{_app.Urls.Single()}/hubs/live").AddMessagePackProtocol().Build();
        var start = Stopwatch.GetTimestamp();
        _recorder.On<TopologyFrame>("topology", frame =>
        {
            if (frame.Kind != (byte)FrameKind.Full)
            {
                _recorded.Add((Stopwatch.GetElapsedTime(start), frame));
            }
        });
        await _recorder.StartAsync();
        await _recorder.InvokeAsync("SubscribeTopology");
    }

    private async Task ReplayAsync(CancellationToken cancellationToken)
    {
        var viewers = _app.Services.GetRequiredService<IHubContext<RawHub>>().Clients.All;
        var start = Stopwatch.GetTimestamp();
        foreach (var (at, frame) in _recorded)
        {
            var wait = at - Stopwatch.GetElapsedTime(start);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, TimeProvider.System, cancellationToken);
            }

            await viewers.SendAsync("topology", frame, cancellationToken);
        }
    }

    /// <summary>What SignalR offers without more.</summary>
    private sealed class RawHub : Hub;
}
