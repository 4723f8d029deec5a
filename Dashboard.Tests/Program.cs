namespace Dashboard.Tests;

/// <summary>The entry point of the test project: <c>bench NAME</c> runs a benchmark, everything else the test platform.</summary>
public static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        ["bench", .. var benchmark] => Benchmarks.BenchmarkHost.RunAsync(benchmark),
        _ => Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, (_, _) => { }),
    };
}
