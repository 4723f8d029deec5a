using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>1,000 followers lose their console. Goal: all are back within 5 s of its return, spread out.</summary>
internal sealed class ResyncBenchmark : IBenchmark
{
    private static readonly TimeSpan Goal = TimeSpan.FromSeconds(5);

    public string Name => "resync";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        await using var postgres = new PostgresServer();
        var resync = new Resync(followers: 1000, Console.WriteLine);
        await resync.RunAsync(await postgres.CreateDatabaseAsync(), cancellationToken);
        return resync.Last <= Goal ? 0 : 1;
    }
}
