using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;

namespace Dashboard.Tests.Core.Health.Leases;

public sealed class LeaseRollTests
{
    private static readonly Guid[] Ids = [.. Enumerable.Range(1, 5).Select(number => new Guid(number, 0, 0, new byte[8]))];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Consoles_that_follow_the_plan_divide_everything_evenly(int consoles)
    {
        var owners = new Guid?[HealthShard.Count];
        for (var round = 0; round < 6; round++)
        {
            for (var number = 0; number < consoles; number++)
            {
                var roll = Roll(owners, consoles);
                foreach (var shard in roll.ToGiveUp(Ids[number]))
                    owners[shard] = null;
                foreach (var shard in roll.ToTake(Ids[number]))
                    owners[shard] = Ids[number];
            }
        }

        Assert.DoesNotContain(null, owners);
        var parts = Ids.Take(consoles).Select(id => owners.Count(owner => owner == id)).ToArray();
        Assert.All(parts, part => Assert.InRange(part, HealthShard.Count / consoles - consoles, (HealthShard.Count + consoles - 1) / consoles));
    }

    [Fact]
    public void A_lease_that_has_not_ended_is_never_taken()
    {
        var roll = new LeaseRoll([Named(0), Named(1)], [.. Enumerable.Range(0, HealthShard.Count).Select(shard => new Lease(shard, Ids[2], 1, HasEnded: shard < 3))]);

        Assert.Equal([0, 1, 2], roll.ToTake(Ids[0]));
        Assert.Empty(roll.ToGiveUp(Ids[0]));
    }

    [Fact]
    public void Instances_spread_over_the_shares()
    {
        var counts = new int[HealthShard.Count];
        for (var number = 0; number < 6400; number++)
            counts[HealthShard.Of(new InstanceKey($"service-{number % 40}", $"instance-{number}"))]++;

        Assert.InRange(counts.Min(), 50, 100);
        Assert.InRange(counts.Max(), 100, 150);
    }

    private static LeaseRoll Roll(Guid?[] owners, int consoles) =>
        new([.. Enumerable.Range(0, consoles).Select(Named)], [.. owners.Select((owner, shard) => new Lease(shard, owner, 1, HasEnded: false))]);

    private static Replica Named(int number) => new(Ids[number], $"http://10.0.0.{number}:5080", DateTimeOffset.UnixEpoch);
}
