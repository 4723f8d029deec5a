using Dashboard.Core.Registry;

namespace Dashboard.Core.Balancing;

/// <summary>The fewest requests in flight per weight; among equals at random by weight, so that idle instances share the first requests as their weights say.</summary>
public sealed class LeastConnectionsPolicy : IBalancingPolicy
{
    public BalancingPolicy Kind => BalancingPolicy.LeastConnections;

    public string Name => "leastConnections";

    public bool FollowsWeights => false;

    public int Choose(scoped in Choice choice)
    {
        var random = new RandomBits(choice.Random);
        var best = -1;
        long bestInFlight = 0;
        long bestWeight = 0;
        long tied = 0;
        for (var i = 0; i < choice.Candidates.Count; i++)
        {
            if (choice.Excluded.Contains(i))
            {
                continue;
            }

            long inFlight = choice.InFlightOf(i);
            long weight = choice.Candidates.WeightOf(i);
            // inFlight / weight against bestInFlight / bestWeight, without the division.
            var order = best < 0 ? -1 : (inFlight * bestWeight).CompareTo(bestInFlight * weight);
            if (order > 0)
            {
                continue;
            }

            tied = order < 0 ? weight : tied + weight;
            // Replaces the one held with probability weight / tied: every one of the equals ends up chosen in proportion to its weight.
            if (order < 0 || random.Below(tied) < weight)
            {
                (best, bestInFlight, bestWeight) = (i, inFlight, weight);
            }
        }

        return best;
    }
}
