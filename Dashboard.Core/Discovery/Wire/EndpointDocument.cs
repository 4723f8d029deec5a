namespace Dashboard.Core.Discovery.Wire;

/// <summary>An endpoint that gets new requests, as a follower reads it.</summary>
/// <param name="Weight">Effective weight, 1-10000.</param>
public sealed record EndpointDocument(string Id, string Address, int Port, int Weight, string? Zone, string? Node, string? Version);
