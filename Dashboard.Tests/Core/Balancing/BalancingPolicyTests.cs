using System.Collections.Immutable;
using CsCheck;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Xunit;

namespace Dashboard.Tests.Core.Balancing;

public sealed class BalancingPolicyTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<Instance> AnyInstance = Gen.Select(Gen.Enum<IntentKind>(), Gen.Enum<IntentKind>(), Gen.Int[0, 5], Gen.Enum<HealthStatus>(), (own, node, weight, health) => new Instance
    {
        Key = new("orders", "i"),
        Entry = new(new() { Address = "10.0.0.1", Port = 80, Weight = weight, Node = "n" }, 1, Start),
        Operator = new() { Intent = new() { Kind = own } },
        NodeIntent = new() { Kind = node },
        Health = new(health, Start, null, 1),
    });

    private static readonly Gen<IBalancingPolicy> AnyPolicy = Gen.Int[0, 4].Select(i => BalancingPolicies.Default.All[i]);

    public static TheoryData<BalancingPolicy> Kinds => [.. Enum.GetValues<BalancingPolicy>()];

    [Fact]
    public void The_choice_is_always_serving_and_never_one_an_operator_took_out_in_panic_neither() =>
        Gen.Select(AnyInstance.Array[0, 12], Gen.Int[0, 100], AnyPolicy, Gen.ULong, Gen.ULong, Gen.Int[0, 9].Array[12]).Sample((drawn, panicThreshold, policy, ticket, random, inFlight) =>
        {
            var instances = drawn.Select((instance, i) => instance with { Key = new("orders", $"i-{i:D2}") }).ToArray();
            var serving = ServingSet.Derive("orders", new() { PanicThreshold = panicThreshold }, 1, instances);
            var candidates = CandidateList.From(serving);

            var chosen = policy.Choose(new(candidates, ticket, random, Counters(inFlight)));

            if (serving.Endpoints.IsEmpty)
            {
                Assert.Equal(-1, chosen);
                return;
            }

            var instance = instances.Single(one => one.Id == candidates.Endpoints[chosen].Id);
            Assert.Equal(IntentKind.Active, instance.EffectiveIntent.Kind);
            Assert.True(instance.EffectiveWeight > 0);
            Assert.NotEqual(HealthStatus.Unknown, instance.HealthStatus);
            Assert.True(serving.Panic || instance.HealthStatus != HealthStatus.Unhealthy);
        });

    [Fact]
    public void An_excluded_candidate_is_never_chosen_and_without_others_there_is_no_choice() =>
        Gen.Select(Gen.Int[1, 100].Array[0, 150], AnyPolicy, Gen.ULong, Gen.ULong, Gen.ULong.Array[3]).Sample((weights, policy, ticket, random, excluded) =>
        {
            var candidates = CandidateList.From(ServingSets.Of(weights));
            var mask = new CandidateMask(excluded);
            var allowed = 0;
            for (var i = 0; i < candidates.Count; i++)
            {
                allowed += mask.Contains(i) ? 0 : 1;
            }

            var chosen = policy.Choose(new(candidates, ticket, random, excluded: excluded));

            Assert.Equal(candidates.Count - allowed, mask.Count(candidates.Count));
            if (allowed == 0)
            {
                Assert.Equal(-1, chosen);
            }
            else
            {
                Assert.InRange(chosen, 0, candidates.Count - 1);
                Assert.False(mask.Contains(chosen));
            }
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_same_question_has_the_same_answer(BalancingPolicy kind)
    {
        var candidates = CandidateList.From(ServingSets.Of(5, 3, 1, 9));
        for (ulong i = 0; i < 1000; i++)
        {
            var first = BalancingPolicies.Default[kind].Choose(new(candidates, i, i * 31));
            Assert.Equal(first, BalancingPolicies.Default[kind].Choose(new(candidates, i, i * 31)));
        }
    }

    [Fact]
    public void Round_robin_ignores_weights_and_excluded_ones_are_shared_out_evenly()
    {
        var candidates = CandidateList.From(ServingSets.Of(1000, 1, 1, 1));
        var policy = BalancingPolicies.Default[BalancingPolicy.RoundRobin];
        var excluded = new ulong[1];
        CandidateMask.Add(excluded, 1);

        var all = Enumerable.Range(0, 12).CountBy(i => policy.Choose(new(candidates, (ulong)i, 0))).ToDictionary();
        var others = Enumerable.Range(0, 12).CountBy(i => policy.Choose(new(candidates, (ulong)i, 0, excluded: excluded))).ToDictionary();

        Assert.All([0, 1, 2, 3], i => Assert.Equal(3, all[i]));
        Assert.All([0, 2, 3], i => Assert.Equal(4, others[i]));
    }

    [Theory]
    [InlineData(BalancingPolicy.Random)]
    [InlineData(BalancingPolicy.PowerOfTwoChoices)]
    [InlineData(BalancingPolicy.LeastConnections)]
    public void While_everyone_is_idle_the_shares_stay_within_four_sigma_of_the_weights(BalancingPolicy kind)
    {
        const int Choices = 200_000;
        int[] weights = [500, 300, 150, 50];
        var candidates = CandidateList.From(ServingSets.Of(weights));
        var state = new BalancerState(seed: 20260101);
        var counts = new int[weights.Length];

        for (var i = 0; i < Choices; i++)
        {
            counts[BalancingPolicies.Default[kind].Choose(new(candidates, state.NextTicket(), state.NextRandom()))]++;
        }

        for (var i = 0; i < weights.Length; i++)
        {
            var share = weights[i] / 1000.0;
            var sigma = Math.Sqrt(Choices * share * (1 - share));
            Assert.InRange(counts[i], Choices * share - 4 * sigma, Choices * share + 4 * sigma);
        }
    }

    [Fact]
    public void Least_connections_picks_a_true_minimum_of_in_flight_per_weight() =>
        Gen.Select(Gen.Int[1, 10_000].Array[1, 20], Gen.Int[0, 2_000_000].Array[20], Gen.ULong, Gen.ULong).Sample((weights, inFlight, random, excluded) =>
        {
            var candidates = CandidateList.From(ServingSets.Of(weights));
            var mask = new[] { excluded };

            var chosen = BalancingPolicies.Default[BalancingPolicy.LeastConnections].Choose(new(candidates, 0, random, Counters(inFlight), mask));

            var allowed = Enumerable.Range(0, weights.Length).Where(i => (excluded >> i & 1) == 0).ToArray();
            Assert.Equal(allowed.Length == 0, chosen < 0);
            Assert.All(allowed, i => Assert.True((long)inFlight[chosen] * weights[i] <= (long)inFlight[i] * weights[chosen]));
        });

    [Fact]
    public void Power_of_two_choices_never_picks_the_one_that_is_busiest_per_weight()
    {
        var candidates = CandidateList.From(ServingSets.Of(100, 100, 200));
        var counters = Counters([10, 5, 12]);
        var state = new BalancerState(seed: 5);

        for (var i = 0; i < 10_000; i++)
        {
            Assert.NotEqual(0, BalancingPolicies.Default[BalancingPolicy.PowerOfTwoChoices].Choose(new(candidates, 0, state.NextRandom(), counters)));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_choice_allocates_nothing(BalancingPolicy kind)
    {
        var policy = BalancingPolicies.Default[kind];
        var candidates = CandidateList.From(ServingSets.Of([.. Enumerable.Range(1, 40)]));
        var odd = CandidateList.From(ServingSets.Of([.. Enumerable.Range(0, 40).Select(i => 9_999 - i)]));
        var counters = Counters([.. Enumerable.Range(0, 40)]);
        var excluded = new ulong[CandidateMask.WordsFor(40)];
        CandidateMask.Add(excluded, 3);
        CandidateMask.Add(excluded, 39);
        var state = new BalancerState(seed: 1);
        Run();

        var before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);

        void Run()
        {
            for (var i = 0; i < 1_000; i++)
            {
                policy.Choose(new(candidates, state.NextTicket(), state.NextRandom(), counters));
                policy.Choose(new(odd, state.NextTicket(), state.NextRandom(), counters, excluded));
            }
        }
    }

    [Fact]
    public void Two_policies_of_one_name_are_refused()
    {
        var failure = Assert.Throws<InvalidOperationException>(() => new BalancingPolicies([.. BalancingPolicies.Default.All, new RandomPolicy()]));

        Assert.Contains("random", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kind_that_no_policy_serves_is_refused() =>
        Assert.Throws<InvalidOperationException>(() => new BalancingPolicies([new RandomPolicy()]));

    [Fact]
    public void Policies_go_by_the_names_that_users_know() =>
        Assert.Equal(
            ["leastConnections", "powerOfTwoChoices", "random", "roundRobin", "weightedRoundRobin"],
            BalancingPolicies.Default.All.Select(policy => policy.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void A_weight_of_zero_cannot_be_a_candidate() => Assert.Throws<ArgumentException>(() => CandidateList.From(ServingSets.Of(1, 0)));

    private static InFlightCounter[] Counters(IEnumerable<int> values) => [.. values.Select(value =>
    {
        var counter = new InFlightCounter();
        counter.Add(value);
        return counter;
    })];
}
