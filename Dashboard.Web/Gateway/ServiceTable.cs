using System.Collections.Immutable;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Gateway;

/// <summary>One service's serving set, prepared for forwarding. Immutable; replaced when the set changes.</summary>
internal sealed class ServiceTable
{
    public ServiceTable(ServingSet set, IBalancingPolicy policy, Func<string, InstanceState> stateOf)
    {
        Set = set;
        Policy = policy;
        Candidates = CandidateList.From(set);
        States = [.. set.Endpoints.Select(endpoint => stateOf(endpoint.Id))];
        Prefixes = [.. set.Endpoints.Select((endpoint, index) => States[index].PrefixFor(endpoint.Address, endpoint.Port))];
        InFlight = [.. States.Select(state => state.InFlight)];
    }

    public ServingSet Set { get; }

    public IBalancingPolicy Policy { get; }

    public CandidateList Candidates { get; }

    /// <summary>In the order of the candidates, like <see cref="Prefixes"/> and <see cref="InFlight"/>.</summary>
    public ImmutableArray<InstanceState> States { get; }

    /// <summary>For example <c>http://10.0.0.1:8080</c>.</summary>
    public ImmutableArray<string> Prefixes { get; }

    public InFlightCounter[] InFlight { get; }
}
