using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>What one batch did: the changes in order and the snapshots around them.</summary>
/// <param name="Before">The snapshot that the changes apply to.</param>
/// <param name="After">The snapshot that they lead to.</param>
/// <param name="Changes">Committed changes in revision order; empty for a health overlay while Postgres is away.</param>
/// <param name="Services">Names of the services whose definition, instances, health, weights or intents the batch touched (a node's intent touches all services on it).</param>
public sealed record RegistryUpdate(RegistrySnapshot Before, RegistrySnapshot After, ImmutableArray<RegistryChange> Changes, ImmutableHashSet<string> Services);
