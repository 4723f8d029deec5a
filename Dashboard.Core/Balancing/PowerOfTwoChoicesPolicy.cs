using Dashboard.Core.Registry;

namespace Dashboard.Core.Balancing;

/// <summary>Of two drawn at random by weight, the one with fewer requests in flight per weight; the first drawn when they are equal.</summary>
public sealed class PowerOfTwoChoicesPolicy : IBalancingPolicy
{
    public BalancingPolicy Kind => BalancingPolicy.PowerOfTwoChoices;

    public string Name => "powerOfTwoChoices";

    public bool FollowsWeights => false;

    public int Choose(scoped in Choice choice)
    {
        var random = new RandomBits(choice.Random);
        var candidates = choice.Candidates;
        var first = candidates.Draw(ref random, choice.Excluded);
        if (first < 0)
        {
            return -1;
        }

        var second = candidates.Draw(ref random, choice.Excluded, without: first);
        return second >= 0 && (long)choice.InFlightOf(second) * candidates.WeightOf(first) < (long)choice.InFlightOf(first) * candidates.WeightOf(second)
            ? second
            : first;
    }
}
