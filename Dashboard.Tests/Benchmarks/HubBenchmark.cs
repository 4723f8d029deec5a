using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// 1,000 viewers of a mesh of 1,000 services, 10,000 instances and 5,000 edges: one traffic frame and up to five state frames a second. What the frames cost the server in CPU beyond what the mesh itself
/// costs, comparing and encoding included, against SignalR's own broadcast of the same frames at the same times in the same process: at most 1.25x. Both are compared beside the living mesh, since what a
/// broadcast leaves to the garbage collector is dearer in a heap that is in use; the broadcast in a process that does nothing else is printed too. The age of a frame at its viewer: p99 at most 250 ms.
/// A delta: at most 10 % of a full frame.
/// </summary>
internal sealed class HubBenchmark : IBenchmark
{
    private const double GoalCpu = 1.25;
    private const double GoalAge = 250;
    private const double GoalSize = 0.10;

    private static readonly TimeSpan Beginning = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Recording = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(4);

    public string Name => "hub";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        if (args is ["serve", ..])
        {
            await HubServer.RunAsync(cancellationToken);
            return 0;
        }

        var viewers = args is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 1000;
        var rounds = args is [_, var times, ..] ? int.Parse(times, CultureInfo.InvariantCulture) : 2;
        using var server = Process.Start(new ProcessStartInfo("dotnet", ["exec", Assembly.GetExecutingAssembly().Location, "bench", "hub", "serve"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        try
        {
            var address = new Uri(await server.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The server ended."));
            using var api = new HttpClient { BaseAddress = address };
            await SayAsync(api, "mesh/on", cancellationToken);

            // The first frames of a mesh that begins are larger than those that follow.
            await Task.Delay(Beginning, TimeProvider.System, cancellationToken);
            using (var frames = new ByteArrayContent(await HubRecording.TakeAsync(new(address, "/hubs/live"), Recording, cancellationToken)))
            using (var taken = await api.PostAsync(new Uri("frames", UriKind.Relative), frames, cancellationToken))
            {
                taken.EnsureSuccessStatusCode();
            }

            await SayAsync(api, "mesh/off", cancellationToken);

            // The first round is not counted: it has the server's code compiled.
            var run = new Run(server, api, address, viewers);
            var warm = await run.RoundAsync(cancellationToken);
            var measured = new List<Round>();
            for (var round = 0; round < rounds; round++)
            {
                measured.Add(await run.RoundAsync(cancellationToken));
            }

            return Report(viewers, measured, warm.Live.FullSize);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static int Report(int viewers, List<Round> rounds, int fullSize)
    {
        var (live, raw, bare) = (rounds.Average(round => round.LiveCpu - round.MeshCpu), rounds.Average(round => round.RawCpu - round.MeshCpu), rounds.Average(round => round.BareCpu - round.IdleCpu));
        var ages = rounds.SelectMany(round => round.Live.Ages).ToArray();
        var p99 = Figures.Percentile(ages, 99);
        var deltas = rounds.SelectMany(round => round.Live.Deltas).ToArray();
        var largest = deltas.Max() / (double)fullSize;
        Figures.Print($"{viewers} viewers, {rounds.Count} rounds of {Phase.TotalSeconds:0} s, load of the machine {Figures.Load}: {rounds.Average(round => round.Live.Frames) / Phase.TotalSeconds:0} frames/s and {rounds.Average(round => round.Live.Bytes) / Phase.TotalSeconds / 1e6:0.0} MB/s sent; raw {rounds.Average(round => round.Raw.Frames) / Phase.TotalSeconds:0} frames/s and {rounds.Average(round => round.Raw.Bytes) / Phase.TotalSeconds / 1e6:0.0} MB/s");
        foreach (var round in rounds)
        {
            Figures.Print($"  CPU in % of a core: the mesh alone {Percent(round.MeshCpu)}, with viewers {Percent(round.LiveCpu)}, with a raw SignalR broadcast {Percent(round.RawCpu)}; nothing {Percent(round.IdleCpu)}, the broadcast alone {Percent(round.BareCpu)}");
        }

        Figures.Print($"CPU for the frames {Percent(live)} % of a core, raw SignalR broadcast {Percent(raw)} %: {live / raw:0.00}x (goal {GoalCpu}x); the broadcast without a mesh {Percent(bare)} %: {live / bare:0.00}x");
        Figures.Print($"age at the viewer: p50 {Figures.Percentile(ages, 50):0} ms, p99 {p99:0} ms (goal {GoalAge:0} ms), worst {ages.Max():0} ms; full frames in that time {rounds.Sum(round => round.Live.FullFrames)}");
        Figures.Print($"sizes: full frame {fullSize / 1024.0:0.0} KB, deltas mean {deltas.Average() / 1024:0.0} KB, largest {deltas.Max() / 1024.0:0.0} KB = {largest:0.0%} (goal {GoalSize:0%})");
        return live <= GoalCpu * raw && p99 <= GoalAge && largest <= GoalSize ? 0 : 1;
    }

    private static string Percent(double seconds) => (seconds / Phase.TotalSeconds * 100).ToString("0.0", CultureInfo.InvariantCulture);

    private static async Task SayAsync(HttpClient api, string what, CancellationToken cancellationToken)
    {
        using var answer = await api.PostAsync(new Uri(what, UriKind.Relative), null, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Seconds of CPU in each phase, and what the viewers saw.</summary>
    private sealed record Round(double IdleCpu, double BareCpu, double MeshCpu, double LiveCpu, double RawCpu, HubViewers Live, HubViewers Raw);

    private sealed class Run(Process server, HttpClient api, Uri address, int viewers)
    {
        public async Task<Round> RoundAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
            var idle = await CpuAsync(cancellationToken);
            var (_, bare) = await ViewedAsync("/hubs/raw", cancellationToken);
            await SayAsync(api, "mesh/on", cancellationToken);
            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
            var mesh = await CpuAsync(cancellationToken);
            var (live, liveCpu) = await ViewedAsync("/hubs/live", cancellationToken);
            var (raw, rawCpu) = await ViewedAsync("/hubs/raw", cancellationToken);
            await SayAsync(api, "mesh/off", cancellationToken);
            return new(idle, bare, mesh, liveCpu, rawCpu, live, raw);
        }

        private async Task<(HubViewers Viewers, double Cpu)> ViewedAsync(string hub, CancellationToken cancellationToken)
        {
            var isRaw = hub == "/hubs/raw";
            await using var connected = await HubViewers.ConnectAsync(new UriBuilder(address) { Scheme = "ws", Path = hub }.Uri, viewers, subscribe: !isRaw, cancellationToken);
            if (isRaw)
            {
                await SayAsync(api, "replay/on", cancellationToken);
            }

            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
            connected.Measure();
            var cpu = await CpuAsync(cancellationToken);
            connected.Stop();
            if (isRaw)
            {
                await SayAsync(api, "replay/off", cancellationToken);
            }

            return (connected, cpu);
        }

        /// <summary>Seconds of CPU that the server takes in one phase.</summary>
        private async Task<double> CpuAsync(CancellationToken cancellationToken)
        {
            server.Refresh();
            var before = server.TotalProcessorTime;
            await Task.Delay(Phase, TimeProvider.System, cancellationToken);
            server.Refresh();
            return (server.TotalProcessorTime - before).TotalSeconds;
        }
    }
}
