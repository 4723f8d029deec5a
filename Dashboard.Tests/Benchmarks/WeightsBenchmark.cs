using System.Diagnostics;
using System.Globalization;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>After a change of the weights to 300/100 the share that the instances really get must be inside its noise band within 5 s.</summary>
internal sealed class WeightsBenchmark : IBenchmark
{
    private static readonly TimeSpan Goal = TimeSpan.FromSeconds(5);

    public string Name => "weights";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        await using var console = await ConsoleProcess.StartAsync([], cancellationToken);
        await using var rig = new LoadRig(console.Client, console.GatewayUrl);
        await rig.RegisterAsync(2, "{}", cancellationToken);
        rig.StartLoad(16);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
        var (inside, evidence) = await MeasureAsync(rig, Goal, cancellationToken);
        await rig.StopLoadAsync();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"share of the first instance {evidence.Actual:0.000} of {evidence.ServiceRequests} requests, intended {evidence.Intended:0.000} +- {evidence.NoiseBand:0.000}; inside its band after {inside?.TotalSeconds:0.00} s (goal {Goal.TotalSeconds} s), failed {rig.Failed}"));
        return inside is not null && rig.Failed == 0 ? 0 : 1;
    }

    /// <summary>Changes the weights and waits until the requests of the last half second agree with them; null when they do not in time.</summary>
    public static async Task<(TimeSpan? Inside, ShareEvidence Evidence)> MeasureAsync(LoadRig rig, TimeSpan goal, CancellationToken cancellationToken)
    {
        await rig.CallAsync(HttpMethod.Patch, $"/api/v1/services/{LoadRig.Service}/weights", """{"weights":{"i-0":300,"i-1":100},"reason":"three to one"}""", cancellationToken);
        var start = Stopwatch.GetTimestamp();
        var evidence = default(ShareEvidence);
        while (Stopwatch.GetElapsedTime(start) < goal)
        {
            var (first, second) = (rig.Backends[0].Requests, rig.Backends[1].Requests);
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellationToken);
            var (a, b) = (rig.Backends[0].Requests - first, rig.Backends[1].Requests - second);
            evidence = new(0.75, a, a + b);
            if (evidence.Verdict == ShareVerdict.Agrees)
            {
                return (Stopwatch.GetElapsedTime(start), evidence);
            }
        }

        return (null, evidence);
    }
}
