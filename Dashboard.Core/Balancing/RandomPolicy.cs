using Dashboard.Core.Registry;

namespace Dashboard.Core.Balancing;

/// <summary>At random, in proportion to the weights.</summary>
public sealed class RandomPolicy : IBalancingPolicy
{
    public BalancingPolicy Kind => BalancingPolicy.Random;

    public string Name => "random";

    public bool FollowsWeights => true;

    public int Choose(scoped in Choice choice)
    {
        var random = new RandomBits(choice.Random);
        return choice.Candidates.Draw(ref random, choice.Excluded);
    }
}
