using System.Globalization;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// Instances, watchers and acts that come and go for as many minutes as are given (default 60) at a real console: prints its memory and descriptors each minute. Goal: the last quarter holds at most
/// 1.15x the memory of the second, and no more than 20 descriptors more.
/// </summary>
internal sealed class ChurnBenchmark : IBenchmark
{
    public string Name => "churn";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var minutes = args is [var text, ..] ? double.Parse(text, CultureInfo.InvariantCulture) : 60;
        await using var console = await ConsoleProcess.StartAsync([], cancellationToken);
        var churn = new Churn(console);
        var samples = new List<ChurnSample>();
        var began = TimeProvider.System.GetTimestamp();
        var next = TimeSpan.Zero;
        while (TimeProvider.System.GetElapsedTime(began).TotalMinutes < minutes)
        {
            await churn.RoundAsync(cancellationToken);
            if (TimeProvider.System.GetElapsedTime(began) is var elapsed && elapsed >= next)
            {
                samples.Add(await churn.SampleAsync(cancellationToken));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalMinutes,6:0.0} min: {samples[^1]}"));
                next = elapsed + TimeSpan.FromMinutes(Math.Min(1, minutes / 20));
            }
        }

        var second = samples.Skip(samples.Count / 4).Take(Math.Max(1, samples.Count / 4)).ToArray();
        var last = samples.Skip(samples.Count * 3 / 4).ToArray();
        var memory = last.Average(sample => sample.ResidentMegabytes) / second.Average(sample => sample.ResidentMegabytes);
        var descriptors = last.Max(sample => sample.Descriptors) - second.Max(sample => sample.Descriptors);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{churn.Changes} changes in {minutes} min: resident memory of the last quarter {memory:0.00}x of the second's (goal at most 1.15x), descriptors {descriptors:+0;-0;0} (goal at most +20)"));
        return memory <= 1.15 && descriptors <= 20 ? 0 : 1;
    }
}
