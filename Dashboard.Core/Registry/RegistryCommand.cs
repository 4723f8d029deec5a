using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>
/// Something somebody wants of the registry. <see cref="Decide"/> is pure: the same snapshot and context give the same decision, so previews,
/// dry runs and the writer share it.
/// </summary>
public abstract record RegistryCommand
{
    /// <summary>The action as the audit names it, for example <c>instance.drain</c>.</summary>
    public abstract string Action { get; }

    /// <summary>What it acts on, as the audit names it.</summary>
    public abstract string Target { get; }

    /// <summary>Why, in the actor's words.</summary>
    public string? Reason { get; init; }

    /// <summary>The leases that it was sent under; empty = none. A store that several consoles share refuses it when one of them has had another owner since.</summary>
    public ImmutableArray<LeaseFence> Fences { get; init; } = [];

    /// <summary>True for health transitions: while Postgres is away they are applied in memory and committed later.</summary>
    public virtual bool MayOverlay => false;

    public abstract Decision Decide(RegistrySnapshot snapshot, DecisionContext context);
}
