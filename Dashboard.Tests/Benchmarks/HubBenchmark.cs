using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// 1,000 viewers of a mesh of 1,000 services, 10,000 instances and 5,000 edges: one traffic frame and up to five state frames a second. What the frames cost the server
/// in CPU beyond what the mesh itself costs, deriving, comparing and encoding included, against SignalR's own broadcast of the same frames at the same times: at most 1.25x.
/// The age of a frame at its viewer: p99 at most 250 ms. A delta: at most 10 % of a full frame.
/// </summary>
internal sealed class HubBenchmark : IBenchmark
{
    private const double GoalCpu = 1.25;
    private const double GoalAge = 250;
    private const double GoalSize = 0.10;

    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(8);

    public string Name => "hub";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        if (args is ["serve", ..])
        {
            await HubServer.RunAsync(cancellationToken);
            return 0;
        }

        var viewers = args is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 1000;
        using var server = Process.Start(new ProcessStartInfo("dotnet", ["exec", Assembly.GetExecutingAssembly().Location, "bench", "hub", "serve"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        try
        {
            var address = await server.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The server ended.");
            using var api = new HttpClient { BaseAddress = new Uri(address) };

            await SayAsync(api, "mesh/on", cancellationToken);
            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
            var mesh = await CpuAsync(server, cancellationToken);

            HubViewers live;
            double liveCpu;
            await using (live = await HubViewers.ConnectAsync(new Uri(address.Replace("http", "ws", StringComparison.Ordinal) + "/hubs/live"), viewers, subscribe: true, cancellationToken))
            {
                await Task.Delay(Settling, TimeProvider.System, cancellationToken);
                live.Measure();
                await SayAsync(api, "record/on", cancellationToken);
                liveCpu = await CpuAsync(server, cancellationToken);
                await SayAsync(api, "record/off", cancellationToken);
                live.Stop();
            }

            await SayAsync(api, "mesh/off", cancellationToken);
            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
            var idle = await CpuAsync(server, cancellationToken);
            HubViewers raw;
            double rawCpu;
            await using (raw = await HubViewers.ConnectAsync(new Uri(address.Replace("http", "ws", StringComparison.Ordinal) + "/hubs/raw"), viewers, subscribe: false, cancellationToken))
            {
                await Task.Delay(Settling, TimeProvider.System, cancellationToken);
                raw.Measure();
                await SayAsync(api, "replay/on", cancellationToken);
                rawCpu = await CpuAsync(server, cancellationToken);
                raw.Stop();
            }

            return Report(viewers, mesh, live, liveCpu, idle, raw, rawCpu);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static int Report(int viewers, double mesh, HubViewers live, double liveCpu, double idle, HubViewers raw, double rawCpu)
    {
        var (own, bare) = (liveCpu - mesh, rawCpu - idle);
        var ages = live.Ages;
        var p99 = ages.Length == 0 ? double.NaN : ages[(int)(ages.Length * 0.99)];
        var largest = live.Deltas.Length == 0 ? double.NaN : live.Deltas.Max() / (double)live.FullSize;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{viewers} viewers, {Phase.TotalSeconds:0} s: {live.Frames / Phase.TotalSeconds:0} frames/s and {live.Bytes / Phase.TotalSeconds / 1e6:0.0} MB/s sent; raw {raw.Frames / Phase.TotalSeconds:0} frames/s and {raw.Bytes / Phase.TotalSeconds / 1e6:0.0} MB/s"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"CPU: {own / Phase.TotalSeconds * 100:0.0} % of a core for the frames (with the mesh {liveCpu / Phase.TotalSeconds * 100:0.0} %, the mesh alone {mesh / Phase.TotalSeconds * 100:0.0} %), raw SignalR broadcast {bare / Phase.TotalSeconds * 100:0.0} %: {own / bare:0.00}x (goal {GoalCpu}x)"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"age at the viewer: p50 {(ages.Length == 0 ? double.NaN : ages[ages.Length / 2]):0} ms, p99 {p99:0} ms (goal {GoalAge:0} ms), worst {(ages.Length == 0 ? double.NaN : ages[^1]):0} ms; full frames in that time {live.FullFrames}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"sizes: full frame {live.FullSize / 1024.0:0.0} KB, deltas mean {live.Deltas.DefaultIfEmpty().Average() / 1024:0.0} KB, largest {live.Deltas.DefaultIfEmpty().Max() / 1024.0:0.0} KB = {largest:0.0%} (goal {GoalSize:0%})"));
        return own <= GoalCpu * bare && p99 <= GoalAge && largest <= GoalSize ? 0 : 1;
    }

    /// <summary>Seconds of CPU that the server takes in one phase.</summary>
    private static async Task<double> CpuAsync(Process server, CancellationToken cancellationToken)
    {
        server.Refresh();
        var before = server.TotalProcessorTime;
        await Task.Delay(Phase, TimeProvider.System, cancellationToken);
        server.Refresh();
        return (server.TotalProcessorTime - before).TotalSeconds;
    }

    private static async Task SayAsync(HttpClient api, string what, CancellationToken cancellationToken)
    {
        using var answer = await api.PostAsync(new Uri(what, UriKind.Relative), null, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}
