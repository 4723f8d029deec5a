namespace Dashboard.Core.Registry.Commands;

/// <summary>
/// Draining becomes Drained: because it is known to be idle, or forced at the deadline or by an operator (open connections are then cut).
/// Not an operator's change of the target: clicks and undo based on the drain stay valid.
/// </summary>
public sealed record CompleteDrain(long Operation, bool Forced, string Because) : RegistryCommand
{
    public override string Action => Forced ? "drain.force" : "drain.complete";

    public override string Target => TargetName;

    /// <summary>What the operation acts on, for the audit.</summary>
    public required string TargetName { get; init; }

    /// <summary>The deadline that made it due; it is refused when somebody has moved that since. Null = it does not depend on one.</summary>
    public DateTimeOffset? Deadline { get; init; }

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        if (!snapshot.Operations.TryGetValue(Operation, out var operation))
        {
            return Decision.Refuse(RefusalKind.NotFound, $"Operation {Operation} is not open.");
        }

        if (Deadline is { } deadline && operation.Deadline != deadline)
        {
            return Decision.Refuse(RefusalKind.Stale, $"The deadline of operation {Operation} was moved.");
        }

        var close = OpenOperations.Close(operation, Forced ? OperationOutcome.Forced : OperationOutcome.Completed, Because, context);
        switch (operation.Action)
        {
            case OpenOperations.NodeDrain when snapshot.Nodes.GetValueOrDefault(operation.Node!)?.State is { Intent.Kind: IntentKind.Draining } state:
                return new Decision.Accepted([new NodeChange(operation.Node!, state, state with { Intent = Drained(state.Intent, context) }), close], operation.Id);
            case OpenOperations.Drain:
                var changes = operation.Instances
                    .Where(key => snapshot.OperatorStateOf(key).Intent.Kind == IntentKind.Draining)
                    .Select(EntityChange (key) => new OperatorChange(key, snapshot.OperatorStates[key], snapshot.OperatorStates[key] with { Intent = Drained(snapshot.OperatorStates[key].Intent, context) }));
                return new Decision.Accepted([.. changes, close], operation.Id);
            default:
                return Decision.Refuse(RefusalKind.Conflict, $"Operation {Operation} ({operation.Action}) is not a drain under way.");
        }
    }

    private Intent Drained(Intent draining, DecisionContext context) => draining with { Kind = IntentKind.Drained, Since = context.Now, Deadline = null, Forced = Forced };
}
