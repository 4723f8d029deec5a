namespace Dashboard.Tests.Benchmarks;

/// <summary>Runs benchmarks by name.</summary>
internal static class BenchmarkHost
{
    public static async Task<int> RunAsync(string[] args)
    {
        var known = typeof(BenchmarkHost).Assembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IBenchmark)))
            .Select(type => (IBenchmark)Activator.CreateInstance(type)!)
            .OrderBy(benchmark => benchmark.Name, StringComparer.Ordinal)
            .ToArray();
        if (args is not [var name, ..] || known.FirstOrDefault(benchmark => benchmark.Name == name) is not { } chosen)
        {
            await Console.Error.WriteLineAsync($"usage: bench NAME, one of: {string.Join(", ", known.Select(benchmark => benchmark.Name))}");
            return 2;
        }

        using var cancelled = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            cancelled.Cancel();
        };
        return await chosen.RunAsync(args[1..], cancelled.Token);
    }
}
