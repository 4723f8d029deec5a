using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Wire;

/// <summary>A <see cref="ServingSet"/> as JSON: the answer of <c>GET /api/v1/services/{s}/endpoints</c> and a part of the watch stream's events.</summary>
public sealed record ServingDocument
{
    public required string Service { get; init; }

    public required ServiceProtocol Protocol { get; init; }

    public required BalancingPolicy Policy { get; init; }

    /// <summary>The revision that last touched the service.</summary>
    public required long Revision { get; init; }

    /// <summary>Health is being ignored because too few instances are eligible.</summary>
    public bool Panic { get; init; }

    /// <summary>Instances that are registered, of any intent and health.</summary>
    public int Total { get; init; }

    public ImmutableArray<EndpointDocument> Endpoints { get; init; } = [];

    public ImmutableArray<LeavingDocument> Leaving { get; init; } = [];

    public static ServingDocument From(ServingSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return new()
        {
            Service = set.Service,
            Protocol = set.Protocol,
            Policy = set.Policy,
            Revision = set.Revision,
            Panic = set.Panic,
            Total = set.Total,
            Endpoints = ImmutableArray.CreateRange(set.Endpoints, endpoint => new EndpointDocument(
                endpoint.Id, endpoint.Address, endpoint.Port, endpoint.Weight, endpoint.Zone, endpoint.Node, endpoint.Version)),
            Leaving = ImmutableArray.CreateRange(set.Leaving, leaving => new LeavingDocument(leaving.Id, leaving.Address, leaving.Port, leaving.Intent, leaving.Forced)),
        };
    }

    public ServingSet ToServingSet() => new()
    {
        Service = Service,
        Protocol = Protocol,
        Policy = Policy,
        Revision = Revision,
        Panic = Panic,
        Total = Total,
        Endpoints = ImmutableArray.CreateRange(Endpoints.IsDefault ? [] : Endpoints, endpoint => new ServingEndpoint(
            endpoint.Id, endpoint.Address, endpoint.Port, endpoint.Weight, endpoint.Zone, endpoint.Node, endpoint.Version)),
        Leaving = ImmutableArray.CreateRange(Leaving.IsDefault ? [] : Leaving, leaving => new LeavingEndpoint(leaving.Id, leaving.Address, leaving.Port, leaving.Intent, leaving.Forced)),
    };
}
