using CsCheck;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Xunit;

namespace Dashboard.Tests.Core.Balancing;

public sealed class SmoothWeightedRoundRobinTests
{
    private static readonly Gen<int[]> SmallWeights = Gen.Int[1, 60].Array[1, 12];

    // Odd weights: the greatest common divisor is mostly 1 and the cycle too long to be stored.
    private static readonly Gen<int[]> LargeWeights = Gen.Int[1, 10_000].Array[20, 60];

    [Fact]
    public void Over_one_cycle_each_is_chosen_exactly_as_often_as_its_weight_says() =>
        Gen.Select(Gen.OneOf(SmallWeights, LargeWeights), Gen.ULong).Sample(
            (weights, start) =>
            {
                var divisor = weights.Aggregate(Divisor);
                var cycle = weights.Sum() / divisor;
                var counts = new int[weights.Length];
                foreach (var chosen in Sequence(weights, start % 1_000_000, cycle))
                {
                    counts[chosen]++;
                }

                Assert.Equal(weights.Select(weight => weight / divisor), counts);
            },
            iter: 60);

    [Fact]
    public void At_every_moment_of_a_stored_cycle_each_is_less_than_one_choice_off_its_share() =>
        SmallWeights.Sample(weights =>
        {
            var total = weights.Sum();
            var counts = new int[weights.Length];
            var done = 0;
            foreach (var chosen in Sequence(weights, 0, 2 * total))
            {
                counts[chosen]++;
                done++;
                for (var i = 0; i < weights.Length; i++)
                {
                    Assert.True(Math.Abs(counts[i] - (double)done * weights[i] / total) < 1, $"after {done}: {counts[i]} of weight {weights[i]}/{total}");
                }
            }
        });

    [Fact]
    public void At_every_moment_of_a_long_cycle_each_is_at_most_eight_choices_off_its_share() =>
        LargeWeights.Sample(
            weights =>
            {
                var total = weights.Sum();
                var counts = new int[weights.Length];
                var done = 0;
                foreach (var chosen in Sequence(weights, 0, 50_000))
                {
                    counts[chosen]++;
                    done++;
                    Assert.True(Math.Abs(counts[chosen] - (double)done * weights[chosen] / total) < 8, $"after {done}: {counts[chosen]} of weight {weights[chosen]}/{total}");
                }
            },
            iter: 60);

    [Fact]
    public void No_run_of_the_same_instance_is_longer_than_its_share_makes_unavoidable() =>
        SmallWeights.Where(weights => weights.Length > 1).Sample(weights =>
        {
            var total = weights.Sum();
            var (run, last) = (0, -1);
            foreach (var chosen in Sequence(weights, 0, 2 * total))
            {
                run = chosen == last ? run + 1 : 1;
                last = chosen;
                Assert.True(run < 2.0 / (1 - (double)weights[chosen] / total), $"a run of {run} with weight {weights[chosen]}/{total}");
            }
        });

    [Fact]
    public void A_heavy_instance_among_many_light_ones_alternates_with_them()
    {
        var weights = Enumerable.Repeat(1, 1000).Prepend(1000).ToArray();

        var sequence = Sequence(weights, 0, 2000).ToArray();

        Assert.All(Enumerable.Range(0, 1999), i => Assert.NotEqual(sequence[i] == 0, sequence[i + 1] == 0));
    }

    [Fact]
    public void Equal_weights_are_a_plain_round_robin() => Assert.Equal([0, 1, 2, 0, 1, 2], Sequence([700, 700, 700], 0, 6));

    [Fact]
    public void A_thousand_instances_with_the_largest_weights_are_prepared_without_storing_the_cycle()
    {
        var weights = Enumerable.Range(0, 1000).Select(i => 10_000 - i).ToArray();

        var candidates = CandidateList.From(ServingSets.Of(weights));
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = new WeightedRoundRobinPolicy().Choose(new(candidates, 0, 0));
        var prepared = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(prepared, 0, 1024);
    }

    [Fact]
    public void An_excluded_instances_turns_go_to_the_others_in_proportion_to_their_weights()
    {
        var candidates = CandidateList.From(ServingSets.Of(500, 300, 100, 100));
        var excluded = new ulong[1];
        CandidateMask.Add(excluded, 0);
        var state = new BalancerState(seed: 7);
        var counts = new int[4];

        for (var i = 0; i < 100_000; i++)
        {
            counts[new WeightedRoundRobinPolicy().Choose(new(candidates, state.NextTicket(), state.NextRandom(), excluded: excluded))]++;
        }

        Assert.Equal(0, counts[0]);
        Assert.InRange(counts[1] / 100_000.0, 0.59, 0.61);
        Assert.InRange(counts[2] / 100_000.0, 0.19, 0.21);
        Assert.InRange(counts[3] / 100_000.0, 0.19, 0.21);
    }

    [Fact]
    public async Task Many_threads_together_still_complete_whole_cycles_exactly()
    {
        var candidates = CandidateList.From(ServingSets.Of(300, 200, 100));
        var state = new BalancerState(seed: 3);
        var counts = new int[3];

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                Interlocked.Increment(ref counts[new WeightedRoundRobinPolicy().Choose(new(candidates, state.NextTicket(), 0))]);
            }
        })));

        Assert.Equal([30_000, 20_000, 10_000], counts);
    }

    private static IEnumerable<int> Sequence(int[] weights, ulong start, int length)
    {
        var candidates = CandidateList.From(ServingSets.Of(BalancingPolicy.WeightedRoundRobin, weights));
        var policy = new WeightedRoundRobinPolicy();
        for (var i = 0; i < length; i++)
        {
            yield return policy.Choose(new(candidates, start + (ulong)i, 0));
        }
    }

    private static int Divisor(int one, int other) => other == 0 ? one : Divisor(other, one % other);
}
