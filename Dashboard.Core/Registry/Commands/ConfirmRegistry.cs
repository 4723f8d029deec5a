namespace Dashboard.Core.Registry.Commands;

/// <summary>An operator confirms that the registry of this generation counts: followers drop what they hold of the former one and take it over.</summary>
/// <param name="Generation">The generation that the operator looked at.</param>
public sealed record ConfirmRegistry(Guid Generation) : RegistryCommand
{
    public override string Action => "registry.confirm";

    public override string Target => WithholdRegistry.Registry;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        return snapshot.Generation != Generation
            ? Decision.Refuse(RefusalKind.Conflict, $"The registry is of generation {snapshot.Generation}, not {Generation}: look at it again.")
            : snapshot.Withholding is not { IsOpen: true } withholding
            ? Decision.Nothing()
            : new Decision.Accepted([new WithholdingChange(withholding, withholding with { ConfirmedAt = context.Now })]);
    }
}
