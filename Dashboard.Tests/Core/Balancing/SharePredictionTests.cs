using CsCheck;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Xunit;

namespace Dashboard.Tests.Core.Balancing;

public sealed class SharePredictionTests
{
    [Fact]
    public void Shares_add_up_to_one() =>
        Gen.Select(Gen.Int[1, 10_000].Array[1, 50], Gen.Enum<BalancingPolicy>()).Sample((weights, policy) =>
            Assert.Equal(1, SharePrediction.For(ServingSets.Of(policy, weights)).Shares.Values.Sum(), precision: 9));

    [Fact]
    public void Nobody_serving_is_an_empty_prediction() => Assert.Empty(SharePrediction.For(ServingSets.Of()).Shares);

    [Fact]
    public void Round_robin_ignores_weights() => Assert.Equal(0.5, SharePrediction.For(ServingSets.Of(BalancingPolicy.RoundRobin, 900, 100)).Of("i-00000"), precision: 9);

    [Theory]
    [InlineData(BalancingPolicy.Random, false)]
    [InlineData(BalancingPolicy.WeightedRoundRobin, false)]
    [InlineData(BalancingPolicy.LeastConnections, true)]
    [InlineData(BalancingPolicy.PowerOfTwoChoices, true)]
    public void Weights_decide_and_policies_that_look_at_load_are_flagged(BalancingPolicy policy, bool approximate)
    {
        var shares = SharePrediction.For(ServingSets.Of(policy, 900, 100));

        Assert.Equal(0.9, shares.Of("i-00000"), precision: 9);
        Assert.Equal(approximate, shares.Approximate);
    }

    [Theory]
    [InlineData(BalancingPolicy.RoundRobin)]
    [InlineData(BalancingPolicy.Random)]
    [InlineData(BalancingPolicy.WeightedRoundRobin)]
    public void What_is_predicted_is_what_the_policy_does(BalancingPolicy kind)
    {
        var serving = ServingSets.Of(kind, 7, 2, 1);
        var candidates = CandidateList.From(serving);
        var state = new BalancerState(seed: 11);
        var counts = new Dictionary<string, int>();

        for (var i = 0; i < 100_000; i++)
        {
            var id = candidates.Endpoints[BalancingPolicies.Default[kind].Choose(new(candidates, state.NextTicket(), state.NextRandom()))].Id;
            counts[id] = counts.GetValueOrDefault(id) + 1;
        }

        Assert.All(SharePrediction.For(serving).Shares, share => Assert.InRange(counts[share.Key] / 100_000.0, share.Value - 0.01, share.Value + 0.01));
    }

    [Fact]
    public void A_drain_tells_what_moves_and_how_much_more_each_survivor_gets()
    {
        var before = SharePrediction.For(ServingSets.Of(100, 100, 200));
        var after = SharePrediction.For(ServingSets.Of(100, 100));

        var preview = LoadPreview.Compare(before, after, new Dictionary<string, double> { ["i-00000"] = 24, ["i-00001"] = 26, ["i-00002"] = 50 });

        Assert.Equal(0.5, preview.MovedShare, precision: 9);
        Assert.Equal(2, preview.Receivers);
        Assert.Equal([50.0, 50.0, 0.0], preview.Instances.Select(load => load.RpsAfter!.Value));
        Assert.Equal(50.0 / 24 - 1, preview.MostLoaded!.Growth!.Value, precision: 9);
        Assert.Equal(-1, preview.Instances[2].Growth!.Value, precision: 9);
    }

    [Fact]
    public void Without_reports_growth_comes_from_the_shares_and_rates_stay_unknown()
    {
        var preview = LoadPreview.Compare(SharePrediction.For(ServingSets.Of(100, 300)), SharePrediction.For(ServingSets.Of(200, 200)), rpsNow: null);

        Assert.All(preview.Instances, load => Assert.Null(load.RpsAfter));
        Assert.Equal(1, preview.Instances[0].Growth!.Value, precision: 9);
        Assert.Equal(0.25, preview.MovedShare, precision: 9);
    }
}
