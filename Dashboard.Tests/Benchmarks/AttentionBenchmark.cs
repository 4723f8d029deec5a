using System.Globalization;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>What looking for alerts takes of each second at 1,000 services and 10,000 instances: quiet, changing, and all lost. Goal: a quiet look within 25 ms.</summary>
internal sealed class AttentionBenchmark : IBenchmark
{
    private const double GoalMs = 25;

    public string Name => "attention";

    public Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var load = new AttentionLoad(Console.WriteLine);
        var mesh = AttentionLoad.Mesh(HealthStatus.Healthy);
        load.Looks("warm-up", mesh, 50);
        var quiet = load.Looks("quiet, a frame of all 10,000 instances every 5 s", mesh, 300).Time.TotalMilliseconds;
        load.Looks("one service changes before each look", [.. Enumerable.Range(0, 300).Select(number => mesh = AttentionLoad.Change(mesh, number))]);
        var lost = AttentionLoad.Mesh(HealthStatus.Unhealthy);
        load.Looks("everything is lost, the first look", lost, 1);
        load.Looks("everything is lost, going on", lost, 100);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a quiet look takes {quiet:0.00} ms (goal at most {GoalMs} ms)"));
        return Task.FromResult(quiet <= GoalMs ? 0 : 1);
    }
}
