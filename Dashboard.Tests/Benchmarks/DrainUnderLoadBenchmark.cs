using System.Diagnostics;
using System.Globalization;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>64 connections through the gateway of a real console while an instance is drained and undrained 20 times. Goals: no failed request; no new request later than 50 ms after the 202.</summary>
internal sealed class DrainUnderLoadBenchmark : IBenchmark
{
    public const double GoalMs = 50;

    public string Name => "drain-under-load";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        const int Rounds = 20;
        await using var console = await ConsoleProcess.StartAsync([], cancellationToken);
        await using var rig = new LoadRig(console.Client, console.GatewayUrl);
        await rig.RegisterAsync(3, "{}", cancellationToken);
        rig.StartLoad(64);
        var start = Stopwatch.GetTimestamp();
        var late = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            late.Add((await rig.DrainAsync(rig.Backends[0], cancellationToken)).TotalMilliseconds);
            await rig.UndrainAsync(rig.Backends[0], cancellationToken);
        }

        var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await rig.StopLoadAsync();
        late.Sort();
        // Of 20 samples the 99th percentile is the largest.
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Rounds} drains, {rig.Requests} requests ({rig.Requests / elapsed:0}/s), failed {rig.Failed} (goal 0), last new request after the 202: p50 {late[Rounds / 2]:0.0} ms, p99 {late[^1]:0.0} ms (goal at most {GoalMs} ms)"));
        if (rig.Failed > 0)
        {
            Console.WriteLine($"first failure: {rig.FirstFailure}");
        }

        return rig.Failed == 0 && late[^1] <= GoalMs ? 0 : 1;
    }
}
