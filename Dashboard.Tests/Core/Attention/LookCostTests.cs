using Dashboard.Core.Attention;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Core.Attention;

/// <summary>What a look costs at 1,000 services and 10,000 instances: it grows with what changed and with what is wrong, not with what there is. How long it takes: <c>bench attention</c>.</summary>
public sealed class LookCostTests(ITestOutputHelper output)
{
    [Fact]
    public void AQuietMesh_AllocatesNextToNothing_AndALostOneIsBounded()
    {
        var load = new AttentionLoad(output.WriteLine);
        var mesh = AttentionLoad.Mesh(HealthStatus.Healthy);
        load.Looks("warm-up", mesh, 20);

        var quiet = load.Looks("quiet, a frame of all 10,000 instances every 5 s", mesh, 100);
        var restless = Enumerable.Range(0, 100).Select(number => mesh = AttentionLoad.Change(mesh, number)).ToArray();
        var changing = load.Looks("one service changes before each look", restless);
        var lost = AttentionLoad.Mesh(HealthStatus.Unhealthy);
        load.Looks("everything is lost, the first look", lost, 1);
        load.Looks("everything is lost, going on", lost, 60);

        // The 1,000 services and 500 hosts tell it, and none of the 10,000 instances besides.
        Assert.Equal(1500, load.Board.Alerts.Length);
        Assert.Equal(0, load.Board.Omitted);
        // Bytes do not depend on how busy the machine is: 1,000 readings every five looks, and the table of services when the registry is another.
        Assert.InRange(quiet.Bytes, 0, 100_000);
        Assert.InRange(changing.Bytes, 0, 400_000);
    }
}
