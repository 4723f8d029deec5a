using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web;

/// <summary>The short form of <c>bench postgres-outage</c>: short leases and quick checks, and seconds where the benchmark takes minutes.</summary>
[Collection(WaitingPrograms.Name)]
public sealed class PostgresOutageTests
{
    // fall x interval + timeout: how long a dead instance may serve, whether Postgres is there or not. The bound leaves a loaded machine many times that.
    private const string QuickCheck = """{"kind":"http","path":"/healthz","intervalSeconds":0.5,"timeoutSeconds":0.5,"rise":1,"fall":2}""";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task NodeDiesWhilePostgresIsAway_LeavesEveryDataPlane_AndPostgresReturnEvictsNobody()
    {
        var outage = new PostgresOutage(away: TimeSpan.FromSeconds(5), QuickCheck, ttlInstances: 5, ttlSeconds: 4, text => TestContext.Current.TestOutputHelper?.WriteLine(text));

        await outage.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(6, outage.LeftAfter.Count);
        Assert.All(outage.LeftAfter, left => Assert.True(left.Value < Bound, $"{left.Key}: {left.Value}"));
        Assert.Equal(0, outage.RefusedHeartbeats);
        // A machine that stood still for half a lease may cost one; then its return is all that counts.
        Assert.True(outage.FewestBeating == 5 || outage.LongestGap > TimeSpan.FromSeconds(2), $"{outage.FewestBeating} of 5 were left, with heartbeats every {outage.LongestGap.TotalSeconds:0.0} s at most");
        Assert.True(outage.Requests > 0);
        Assert.Equal(0, outage.Failed);
    }
}
