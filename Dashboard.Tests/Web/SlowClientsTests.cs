using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web;

/// <summary>The short form of <c>bench slow-clients</c>: memory and that others are served; how fast is the benchmark's.</summary>
[Collection(PressingPrograms.Name)]
public sealed class SlowClientsTests(PostgresServer postgres)
{
    [Fact]
    public async Task TwoHundredClientsThatHardlyRead_CostTheServerLittle_AndOthersNoAnswer()
    {
        var slow = new SlowClients(clients: 200, instances: 3000, TimeSpan.FromSeconds(3), text => TestContext.Current.TestOutputHelper?.WriteLine(text));

        await slow.RunAsync(await postgres.CreateDatabaseAsync(), TestContext.Current.CancellationToken);

        Assert.True(slow.GrewBy <= 100, $"the console grew by {slow.GrewBy:0} MB");
        Assert.Equal(0, slow.Failed);
        Assert.True(slow.ChangeArrived);
    }
}
