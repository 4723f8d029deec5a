namespace Dashboard.Core.Registry.Commands;

/// <summary>The console's own: this generation began empty while followers held <paramref name="Services"/> services of generation <paramref name="Held"/>.</summary>
public sealed record WithholdRegistry(Guid Held, int Services) : RegistryCommand
{
    /// <summary>The target of what concerns the registry as a whole.</summary>
    public const string Registry = "registry:";

    public override string Action => "registry.withhold";

    public override string Target => Registry;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        // Another console was first, or an operator has confirmed already.
        return snapshot.Withholding is not null || snapshot.Generation == Held
            ? Decision.Nothing()
            : new Decision.Accepted([new WithholdingChange(null, new(Held, Services, context.Now))]);
    }
}
