using Dashboard.Core.Registry;

namespace Dashboard.Core.Balancing;

/// <summary>Each in turn, weights ignored. With exclusions the others take turns, so that the excluded one's neighbour does not get double.</summary>
public sealed class RoundRobinPolicy : IBalancingPolicy
{
    public BalancingPolicy Kind => BalancingPolicy.RoundRobin;

    public string Name => "roundRobin";

    public bool FollowsWeights => true;

    public int Choose(scoped in Choice choice)
    {
        var count = choice.Candidates.Count;
        var allowed = choice.Excluded.IsEmpty ? count : count - choice.Excluded.Count(count);
        if (allowed == 0)
        {
            return -1;
        }

        var turn = (int)(choice.Ticket % (ulong)allowed);
        if (allowed == count)
        {
            return turn;
        }

        for (var i = 0; ; i++)
        {
            if (!choice.Excluded.Contains(i) && turn-- == 0)
            {
                return i;
            }
        }
    }
}
