using Dashboard.Core.Registry;

namespace Dashboard.Core.Balancing;

/// <summary>
/// Smooth weighted round robin: in proportion to the weights, without bursts, exact over one cycle of tickets. When the candidate whose turn it is is excluded, the
/// turn goes to another at random by weight, so that the others' shares keep their proportions.
/// </summary>
public sealed class WeightedRoundRobinPolicy : IBalancingPolicy
{
    public BalancingPolicy Kind => BalancingPolicy.WeightedRoundRobin;

    public string Name => "weightedRoundRobin";

    public bool FollowsWeights => true;

    public int Choose(scoped in Choice choice)
    {
        if (choice.Candidates.Count == 0)
        {
            return -1;
        }

        var next = choice.Candidates.Cycle.At(choice.Ticket);
        if (!choice.Excluded.Contains(next))
        {
            return next;
        }

        var random = new RandomBits(choice.Random);
        return choice.Candidates.Draw(ref random, choice.Excluded);
    }
}
