using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// Postgres is stopped for two minutes while a node dies under load. Goals: the node leaves every data plane within fall x interval + timeout and a tenth, nobody is evicted by Postgres'
/// return, no request fails and no heartbeat is refused.
/// </summary>
internal sealed class PostgresOutageBenchmark : IBenchmark
{
    private const string Check = """{"kind":"http","path":"/healthz"}""";

    // The defaults: fall 3, interval 2 s, timeout 1 s.
    private static readonly TimeSpan Goal = TimeSpan.FromSeconds(7 * 1.1);

    public string Name => "postgres-outage";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var outage = new PostgresOutage(away: TimeSpan.FromMinutes(2), Check, ttlInstances: 100, ttlSeconds: 10, Console.WriteLine);
        await outage.RunAsync(cancellationToken);
        return outage.Failed == 0 && outage.RefusedHeartbeats == 0 && outage.FewestBeating == 100 && outage.LeftAfter.Values.Max() <= Goal ? 0 : 1;
    }
}
