using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>200 clients that read one byte a second, of everything large. Goals: the console grows by at most 100 MB, others' p99 by at most 1.2 times.</summary>
internal sealed class SlowClientsBenchmark : IBenchmark
{
    public string Name => "slow-clients";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        await using var postgres = new PostgresServer();
        var slow = new SlowClients(clients: 200, instances: 10_000, TimeSpan.FromSeconds(30), Console.WriteLine);
        await slow.RunAsync(await postgres.CreateDatabaseAsync(), cancellationToken);
        return slow is { GrewBy: <= 100, P99Ratio: <= 1.2, Failed: 0 } ? 0 : 1;
    }
}
