using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Balancing;

/// <summary>The policies by kind and by name.</summary>
public sealed class BalancingPolicies
{
    private readonly Dictionary<BalancingPolicy, IBalancingPolicy> _byKind = [];
    private readonly Dictionary<string, IBalancingPolicy> _byName = new(StringComparer.OrdinalIgnoreCase);

    /// <exception cref="InvalidOperationException">Two policies have the same name or kind, or a kind has none.</exception>
    public BalancingPolicies(IEnumerable<IBalancingPolicy> policies)
    {
        ArgumentNullException.ThrowIfNull(policies);
        All = [.. policies];
        foreach (var policy in All)
        {
            if (!_byName.TryAdd(policy.Name, policy) || !_byKind.TryAdd(policy.Kind, policy))
            {
                throw new InvalidOperationException($"Two balancing policies are called {policy.Name} or serve {policy.Kind}.");
            }
        }

        var missing = Enum.GetValues<BalancingPolicy>().Where(kind => !_byKind.ContainsKey(kind)).ToArray();
        if (missing.Length > 0)
        {
            throw new InvalidOperationException($"No balancing policy serves {string.Join(", ", missing)}.");
        }
    }

    /// <summary>The five policies of the product.</summary>
    public static BalancingPolicies Default { get; } = new([
        new RoundRobinPolicy(), new RandomPolicy(), new WeightedRoundRobinPolicy(), new LeastConnectionsPolicy(), new PowerOfTwoChoicesPolicy()]);

    public ImmutableArray<IBalancingPolicy> All { get; }

    public IBalancingPolicy this[BalancingPolicy kind] => _byKind[kind];

    /// <summary>The policy of that name, whatever its case; null when there is none.</summary>
    public IBalancingPolicy? Find(string name) => _byName.GetValueOrDefault(name);
}
