using System.Diagnostics;
using System.Globalization;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// 64 connections through the gateway of a real console while one instance's listener is killed and another is turned into a black hole. Goals: no failed GET; neither serves after
/// fall x interval + timeout + 10 %.
/// </summary>
internal sealed class KillUnderLoadBenchmark : IBenchmark
{
    // The defaults: fall 3, interval 2 s, timeout 1 s.
    private static readonly TimeSpan Goal = TimeSpan.FromSeconds(7 * 1.1);

    public string Name => "kill-under-load";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        await using var console = await ConsoleProcess.StartAsync([], cancellationToken);
        await using var rig = new LoadRig(console.Client, console.GatewayUrl);
        await rig.RegisterAsync(6, "{}", cancellationToken);
        rig.StartLoad(64);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
        var dead = rig.Backends[0];
        await dead.KillAsync();
        var killed = await UntilNotServingAsync(rig, dead, cancellationToken);
        var hole = rig.Backends[1];
        await hole.KillAsync();
        using var blackHole = new BlackHole(hole.Port);
        var vanished = await UntilNotServingAsync(rig, hole, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
        await rig.StopLoadAsync();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{rig.Requests} requests, failed {rig.Failed} (goal 0); not eligible after the kill {killed.TotalSeconds:0.00} s, after the black hole {vanished.TotalSeconds:0.00} s (goal at most {Goal.TotalSeconds:0.00} s)"));
        if (rig.Failed > 0)
        {
            Console.WriteLine($"first failure: {rig.FirstFailure}");
        }

        return rig.Failed == 0 && killed <= Goal && vanished <= Goal ? 0 : 1;
    }

    private static async Task<TimeSpan> UntilNotServingAsync(LoadRig rig, Backend backend, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        await Eventually.TrueAsync(
            async () => !(await rig.ServingAsync(cancellationToken)).Contains(backend.Id),
            TimeSpan.FromSeconds(30),
            () => $"{backend.Id} does not serve any more",
            cancellationToken);
        return Stopwatch.GetElapsedTime(start);
    }
}
