using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Dashboard.Core.Traffic;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// What 15 minutes of traffic of 1,000 services, 10,000 instances and 5,000 edges take: memory, and the time of one second's report and frame. Every instance is busy in every
/// second. Goals: at most 768 MB, and report and frame of a second together below 200 ms.
/// </summary>
internal sealed class TrafficBenchmark : IBenchmark
{
    private const int Services = 1_000;
    private const int Instances = 10_000;
    private const int CallersPerService = 5;
    private const double GoalMegabytes = 768;
    private const double GoalMilliseconds = 200;

    public string Name => "traffic";

    public Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var seconds = args is [var given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 900;
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, 400, TimeSpan.Zero));
        var store = new TrafficStore(time);
        var random = new Random(1);
        // 10 requests a second and instance, with latencies that spread over a magnitude.
        var latencies = Enumerable.Range(0, 64)
            .Select(_ => LatencyHistogram.Of(Enumerable.Range(0, 10).Select(_ => TimeSpan.FromMilliseconds(5 * Math.Exp(random.NextDouble() * 2.3)))))
            .ToArray();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (reports, frames) = (new List<double>(), new List<double>());
        var session = Guid.NewGuid();
        for (var second = 1; second <= seconds && !cancellationToken.IsCancellationRequested; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            var report = new TrafficReport
            {
                Reporter = "gateway",
                Session = session,
                Sequence = second,
                Period = TimeSpan.FromSeconds(1),
                Rows = [.. Enumerable.Range(0, Instances).Select(instance => new TrafficRow(
                    $"service-{(instance % Services + instance / Services % CallersPerService + 1) % Services}",
                    $"service-{instance % Services}",
                    $"instance-{instance}",
                    10, 10, 0,
                    latencies[random.Next(latencies.Length)]))],
                InFlight = ImmutableArray<InFlightRow>.Empty,
            };
            reports.Add(Time(() => store.Accept(report)));
            frames.Add(Time(() => store.PublishFrame()));
        }

        var megabytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1048576.0;
        var (series, edges) = store.SeriesCount;
        var (reportMs, frameMs) = (Median(reports), Median(frames));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{series} instances, {edges} edges, {seconds} s: {megabytes:0} MB (goal at most {GoalMegabytes:0} MB); a second's report of {Instances} rows p50 {reportMs:0.0} ms, frame p50 {frameMs:0.0} ms (goal together at most {GoalMilliseconds:0} ms)"));
        GC.KeepAlive(store);
        return Task.FromResult(megabytes <= GoalMegabytes && reportMs + frameMs <= GoalMilliseconds ? 0 : 1);
    }

    private static double Time(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
