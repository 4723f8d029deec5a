using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Balancing;

/// <summary>What part of a service's new requests each serving instance should get.</summary>
public sealed class SharePrediction
{
    public static readonly SharePrediction Nobody = new(ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal), approximate: false);

    private SharePrediction(ImmutableSortedDictionary<string, double> shares, bool approximate)
    {
        Shares = shares;
        Approximate = approximate;
    }

    /// <summary>Intended share, 0-1, by instance id; together 1, or empty when nobody serves. Who is not in it gets nothing.</summary>
    public ImmutableSortedDictionary<string, double> Shares { get; }

    /// <summary>True for policies that look at requests in flight: the weights are then what they tend to, not what they do.</summary>
    public bool Approximate { get; }

    /// <summary>Intended share of an instance, 0-1.</summary>
    public double Of(string instance) => Shares.GetValueOrDefault(instance);

    /// <summary>The shares under the policy that the serving set asks for.</summary>
    public static SharePrediction For(ServingSet serving)
    {
        ArgumentNullException.ThrowIfNull(serving);
        return For(serving, serving.Policy);
    }

    /// <summary>The shares under a policy: even for round robin, which ignores weights, else in proportion to the effective weights.</summary>
    public static SharePrediction For(ServingSet serving, BalancingPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(serving);
        if (serving.Endpoints.IsEmpty)
        {
            return Nobody;
        }

        var even = policy == BalancingPolicy.RoundRobin;
        double total = even ? serving.Endpoints.Length : serving.Endpoints.Sum(endpoint => (long)endpoint.Weight);
        var shares = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        foreach (var endpoint in serving.Endpoints)
        {
            shares[endpoint.Id] = (even ? 1 : endpoint.Weight) / total;
        }

        return new(shares.ToImmutable(), !BalancingPolicies.Default[policy].FollowsWeights);
    }
}
