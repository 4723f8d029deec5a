using Dashboard.Core.Registry;

namespace Dashboard.Core.Balancing;

/// <summary>Chooses who gets the next request. A pure function: no clock, no random of its own, no allocation; safe for any number of threads.</summary>
public interface IBalancingPolicy
{
    BalancingPolicy Kind { get; }

    /// <summary>The name that users know, for example <c>weightedRoundRobin</c>.</summary>
    string Name { get; }

    /// <summary>True when shares follow the weights, whatever the instances' speed; false when a fast instance gets more, so that a predicted share is only approximate.</summary>
    bool FollowsWeights { get; }

    /// <summary>Index of the chosen candidate, never one that is excluded; -1 when there is none or all are excluded.</summary>
    int Choose(scoped in Choice choice);
}
