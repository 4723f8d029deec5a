namespace Dashboard.Core.Registry.Commands;

/// <summary>Ends an instance's own draining, drained or maintenance intent. Its node's intent is untouched.</summary>
/// <param name="RampSeconds">Weight grows linearly from 10 % over this time, 1-3600 s; null or 0 = at once.</param>
public sealed record UndrainInstance(InstanceKey Key, int? RampSeconds = null) : OperatorCommand
{
    public override string Action => OpenOperations.Undrain;

    public override string Target => Key.ToString();

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        var before = snapshot.OperatorStates.GetValueOrDefault(Key);
        if (snapshot.FindInstance(Key) is null && before is null)
        {
            return Decision.NotFound(Key);
        }

        if (StaleRefusal(snapshot, [Key]) is { } stale)
        {
            return new Decision.Refused(stale);
        }

        if (before is null || before.Intent.IsActive)
        {
            return snapshot.FindInstance(Key) is { NodeIntent: { IsActive: false } intent } instance
                ? Decision.Refuse(RefusalKind.Conflict, $"{Key} itself is active; its node {instance.Registration.Node} is {intent.Kind.ToString().ToLowerInvariant()}. Undrain the node.")
                : Decision.Nothing();
        }

        var next = before with
        {
            Intent = Intent.Active,
            Ramp = RampSeconds is > 0 ? new(context.Now, RampSeconds.Value, 10) : null,
            Revision = context.Revision,
        };
        var operation = Open(context, Action, Key.Service, null, [Key], overridden: false);
        return new Decision.Accepted(
            [new OperatorChange(Key, before, next), .. OpenOperations.ReplaceIntent(snapshot, Key, OperationOutcome.Cancelled, context), new OperationChange(operation.Id, null, operation)],
            operation.Id);
    }
}
