using System.Collections.Immutable;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Xunit;

namespace Dashboard.Tests.Core.Topology;

public sealed class NeighbourhoodsTests
{
    private static readonly ImmutableDictionary<string, string> Nobody = ImmutableDictionary<string, string>.Empty;

    [Fact]
    public void Services_that_mostly_call_one_another_are_one_group_named_after_its_busiest()
    {
        var groups = Neighbourhoods.Group([.. Ring("a", 6), .. Ring("b", 6), new("a0", "b0"), new("a2", "a4"), new("b0", "b3"), new("b0", "b2")], Nobody);

        Assert.Equal(2, groups.Values.Distinct().Count());
        Assert.Single(Enumerable.Range(0, 6).Select(index => groups[$"a{index}"]).Distinct());
        Assert.All(Enumerable.Range(0, 6), index => Assert.Equal("b0", groups[$"b{index}"]));
    }

    [Fact]
    public void The_same_calls_in_another_order_give_the_same_groups()
    {
        EdgeKey[] calls = [.. Ring("a", 9), .. Ring("b", 7), .. Ring("c", 8), new("a1", "b1"), new("b2", "c5"), new("c1", "a7")];

        Assert.Equal(Neighbourhoods.Group(calls, Nobody).OrderBy(pair => pair.Key), Neighbourhoods.Group(calls.Reverse(), Nobody).OrderBy(pair => pair.Key));
    }

    [Fact]
    public void A_newcomer_joins_whom_it_calls_and_the_others_stay()
    {
        EdgeKey[] calls = [.. Ring("a", 6), .. Ring("b", 6), new("a0", "b0")];
        var before = Neighbourhoods.Group(calls, Nobody);

        var after = Neighbourhoods.Group([.. calls, new("newcomer", "b1"), new("newcomer", "b2"), new("newcomer", "a1")], before);

        Assert.Equal(before["b1"], after["newcomer"]);
        Assert.All(before, pair => Assert.Equal(pair.Value, after[pair.Key]));
    }

    private static IEnumerable<EdgeKey> Ring(string name, int count) => Enumerable.Range(0, count)
        .SelectMany(index => new[] { new EdgeKey($"{name}{index}", $"{name}{(index + 1) % count}"), new EdgeKey($"{name}{index}", $"{name}{(index + 2) % count}") });
}
