using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>A host with its own intent and what runs on it. Known while an instance runs on it or an operator decided about it.</summary>
/// <param name="State">What operators decided; null = nothing.</param>
/// <param name="Instances">What is registered on it.</param>
public sealed record NodeSnapshot(string Name, NodeState? State, ImmutableHashSet<InstanceKey> Instances)
{
    public Intent Intent => State?.Intent ?? Intent.Active;
}
