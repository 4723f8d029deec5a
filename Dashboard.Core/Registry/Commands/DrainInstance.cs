namespace Dashboard.Core.Registry.Commands;

/// <summary>Stops new traffic to an instance and lets it finish what it has. Asked again, it moves the deadline of the open drain.</summary>
/// <param name="Deadline">How long to wait for requests in flight; null = the service's default.</param>
/// <param name="AtDeadline">What then; null = the service's default.</param>
public sealed record DrainInstance(InstanceKey Key, TimeSpan? Deadline = null, DeadlineAction? AtDeadline = null) : OperatorCommand
{
    public override string Action => OpenOperations.Drain;

    public override string Target => Key.ToString();

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        if (snapshot.FindInstance(Key) is not { } instance)
        {
            return Decision.NotFound(Key);
        }

        if (StaleRefusal(snapshot, [Key]) is { } stale)
        {
            return new Decision.Refused(stale);
        }

        var settings = snapshot.Services[Key.Service].Settings;
        var deadline = context.Now + (Deadline ?? settings.DrainDeadline);
        var before = snapshot.OperatorStates.GetValueOrDefault(Key);
        var state = before ?? OperatorState.None;
        if (state.Intent.Kind == IntentKind.Drained)
        {
            return Decision.Nothing();
        }

        if (state.Intent.Kind == IntentKind.Draining && OpenOperations.FindDrain(snapshot, Key) is { } open)
        {
            return Again(state, open, deadline, context);
        }

        var intent = new Intent
        {
            Kind = IntentKind.Draining,
            Since = context.Now,
            Deadline = deadline,
            AtDeadline = AtDeadline ?? settings.AtDeadline,
            Actor = context.Actor.Name,
            Reason = Reason,
        };
        var change = new OperatorChange(Key, before, state with { Intent = intent, Ramp = null, Revision = context.Revision });
        if (Guarded(snapshot, [change], context, out var overridden) is { } refusal)
        {
            return new Decision.Refused(refusal);
        }

        var operation = Open(context, Action, instance.Key.Service, null, [Key], overridden) with { Deadline = deadline, AtDeadline = intent.AtDeadline };
        return new Decision.Accepted(
            [change, .. OpenOperations.ReplaceIntent(snapshot, Key, OperationOutcome.Superseded, context), new OperationChange(operation.Id, null, operation)],
            operation.Id);
    }

    private Decision.Accepted Again(OperatorState state, Operation open, DateTimeOffset deadline, DecisionContext context)
    {
        var action = AtDeadline ?? state.Intent.AtDeadline;
        var next = state with { Intent = state.Intent with { Deadline = deadline, AtDeadline = action }, Revision = context.Revision };
        return new(
            [new OperatorChange(Key, state, next), new OperationChange(open.Id, open, open with { Deadline = deadline, AtDeadline = action })],
            open.Id);
    }
}
