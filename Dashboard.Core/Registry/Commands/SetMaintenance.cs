namespace Dashboard.Core.Registry.Commands;

/// <summary>Stops new traffic to an instance at once and keeps what is in flight, until undone or until it expires.</summary>
/// <param name="Until">When it expires by itself; null = when undone.</param>
public sealed record SetMaintenance(InstanceKey Key, DateTimeOffset? Until = null) : OperatorCommand
{
    public override string Action => OpenOperations.Maintenance;

    public override string Target => Key.ToString();

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        if (snapshot.FindInstance(Key) is null)
        {
            return Decision.NotFound(Key);
        }

        if (StaleRefusal(snapshot, [Key]) is { } stale)
        {
            return new Decision.Refused(stale);
        }

        if (Until <= context.Now)
        {
            return Decision.Refuse(RefusalKind.Conflict, "until lies in the past.");
        }

        var before = snapshot.OperatorStates.GetValueOrDefault(Key);
        var state = before ?? OperatorState.None;
        var intent = new Intent { Kind = IntentKind.Maintenance, Since = context.Now, Until = Until, Actor = context.Actor.Name, Reason = Reason };
        var change = new OperatorChange(Key, before, state with { Intent = intent, Ramp = null, Revision = context.Revision });
        if (Guarded(snapshot, [change], context, out var overridden) is { } refusal)
        {
            return new Decision.Refused(refusal);
        }

        var operation = Open(context, Action, Key.Service, null, [Key], overridden);
        return new Decision.Accepted(
            [change, .. OpenOperations.ReplaceIntent(snapshot, Key, OperationOutcome.Superseded, context), new OperationChange(operation.Id, null, operation)],
            operation.Id);
    }
}
