using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Dashboard.Tests.Benchmarks;

/// <summary><c>bench balancing</c>: time and allocation of one choice. Goal: 0 B for every policy.</summary>
internal sealed class BalancingBenchmark : IBenchmark
{
    public string Name => "balancing";

    public Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var config = ManualConfig.CreateEmpty()
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddDiagnoser(BenchmarkDotNet.Diagnosers.MemoryDiagnoser.Default)
            .AddLogger(new ConsoleLogger())
            .AddExporter(MarkdownExporter.Console)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "dashboard-benchmarks"));
        var summary = BenchmarkRunner.Run<BalancingChoices>(config);
        var allocated = summary.Reports.Max(report => report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0);
        Console.WriteLine($"allocated per choice: {allocated} B at most (goal: 0 B)");
        return Task.FromResult(allocated == 0 && summary.Reports.All(report => report.Success) ? 0 : 1);
    }
}
