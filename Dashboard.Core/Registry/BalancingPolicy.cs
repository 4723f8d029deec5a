namespace Dashboard.Core.Registry;

/// <summary>How a service's new requests are spread over its serving instances.</summary>
public enum BalancingPolicy
{
    /// <summary>Each in turn, weights ignored.</summary>
    RoundRobin,

    /// <summary>At random, in proportion to the weights.</summary>
    Random,

    /// <summary>Smooth weighted round robin: in proportion to the weights, without bursts, exact over one cycle.</summary>
    WeightedRoundRobin,

    /// <summary>The fewest requests in flight per weight.</summary>
    LeastConnections,

    /// <summary>Of two drawn at random by weight, the one with fewer requests in flight per weight.</summary>
    PowerOfTwoChoices,
}
