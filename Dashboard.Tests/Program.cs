namespace Dashboard.Tests;

/// <summary>The entry point of the test project: <c>bench NAME</c> runs a benchmark, <c>screenshots</c> makes the images of the README, <c>store</c> is what some tests start as a process of its own, everything else is the test platform's.</summary>
public static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        ["bench", .. var benchmark] => Benchmarks.BenchmarkHost.RunAsync(benchmark),
        ["screenshots", .. var where] => Browser.Screenshots.RunAsync(where),
        ["store", .. var rest] => Support.StoreChild.RunAsync(rest),
        _ => Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, (_, _) => { }),
    };
}
