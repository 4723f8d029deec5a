using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web;

/// <summary><c>bench resync</c> in the suite: the same followers, and a bound that holds on a machine that is busy otherwise.</summary>
[Collection(PressingPrograms.Name)]
public sealed class ResyncTests(PostgresServer postgres)
{
    [Fact]
    public async Task ThousandFollowersLoseTheirConsole_AllAreBackSoonAfterItsReturn()
    {
        var resync = new Resync(followers: 1000, text => TestContext.Current.TestOutputHelper?.WriteLine(text));

        await resync.RunAsync(await postgres.CreateDatabaseAsync(), TestContext.Current.CancellationToken);

        Assert.True(resync.Last < TimeSpan.FromSeconds(90), $"the last was back after {resync.Last}");
    }
}
