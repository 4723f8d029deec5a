using System.Collections.Immutable;
using System.Diagnostics;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Benchmarks;

/// <summary>The benchmark's server, in a process of its own: the live hub over a mesh in memory, and SignalR's own broadcast of frames that were recorded there.</summary>
internal sealed class HubServer : IAsyncDisposable
{
    private readonly InMemoryRegistry _registry = new(TimeProvider.System);
    private readonly LargeMesh _mesh = new(1000, 10, 5000);
    private readonly WebApplication _app;
    private readonly ImmutableArray<TrafficReport> _reports;
    private readonly Work _life = new();
    private readonly Work _replay = new();
    private HubRecording[] _recorded = [];
    private int _reported;

    private HubServer()
    {
        _app = HubHost.Build(_registry);
        _app.MapHub<RawHub>("/hubs/raw");
        _mesh.Fill(_registry);
        _reports = [.. Enumerable.Range(0, 10).Select(_ => _mesh.NextReport())];
        _app.MapPost("/mesh/on", () => _life.Start(LiveAsync));
        _app.MapPost("/mesh/off", _life.StopAsync);
        _app.MapPost("/frames", async (HttpRequest request) =>
        {
            using var bytes = new MemoryStream();
            await request.Body.CopyToAsync(bytes);
            _recorded = HubRecording.Read(bytes.ToArray());
        });
        _app.MapPost("/replay/on", () => _replay.Start(ReplayAsync));
        _app.MapPost("/replay/off", _replay.StopAsync);
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
        await _replay.StopAsync();
        await _life.StopAsync();
        await _app.DisposeAsync();
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
                traffic.Accept(_reports[_reported % _reports.Length] with { Sequence = ++_reported });
            }
        }
    }

    // Again and again, at the times at which they came.
    private async Task ReplayAsync(CancellationToken cancellationToken)
    {
        var viewers = _app.Services.GetRequiredService<IHubContext<RawHub>>().Clients.All;
        var length = _recorded[^1].Milliseconds + 200;
        var start = Stopwatch.GetTimestamp();
        for (var round = 0; ; round++)
        {
            foreach (var (at, frame) in _recorded)
            {
                var wait = TimeSpan.FromMilliseconds(round * length + at) - Stopwatch.GetElapsedTime(start);
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, TimeProvider.System, cancellationToken);
                }

                await viewers.SendAsync("topology", frame, cancellationToken);
            }
        }
    }

    /// <summary>What SignalR offers without more.</summary>
    private sealed class RawHub : Hub;

    private sealed class Work
    {
        private CancellationTokenSource _running = new();
        private Task _work = Task.CompletedTask;

        public void Start(Func<CancellationToken, Task> work)
        {
            _running = new();
            _work = Task.Run(() => work(_running.Token));
        }

        public async Task StopAsync()
        {
            await _running.CancelAsync();
            await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _running.Dispose();
            _running = new();
        }
    }
}
