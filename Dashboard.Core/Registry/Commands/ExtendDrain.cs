namespace Dashboard.Core.Registry.Commands;

/// <summary>Moves the deadline of an open drain to so long from now, 0-3600 s.</summary>
public sealed record ExtendDrain(long Operation, TimeSpan Deadline, DeadlineAction? AtDeadline = null) : RegistryCommand
{
    public override string Action => "drain.extend";

    public override string Target => TargetName;

    /// <summary>What the operation acts on, for the audit.</summary>
    public required string TargetName { get; init; }

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        if (!snapshot.Operations.TryGetValue(Operation, out var operation))
        {
            return Decision.Refuse(RefusalKind.NotFound, $"Operation {Operation} is not open.");
        }

        if (operation.Action is not (OpenOperations.Drain or OpenOperations.NodeDrain))
        {
            return Decision.Refuse(RefusalKind.Conflict, $"Operation {Operation} ({operation.Action}) has no deadline.");
        }

        var deadline = context.Now + Deadline;
        var changes = new List<EntityChange>();
        if (operation.Node is { } node && snapshot.Nodes.GetValueOrDefault(node)?.State is { } state)
        {
            changes.Add(new NodeChange(node, state, state with { Intent = Moved(state.Intent, deadline) }));
        }
        else
        {
            foreach (var key in operation.Instances.Where(key => snapshot.OperatorStateOf(key).Intent.Kind == IntentKind.Draining))
            {
                var before = snapshot.OperatorStates[key];
                changes.Add(new OperatorChange(key, before, before with { Intent = Moved(before.Intent, deadline) }));
            }
        }

        changes.Add(new OperationChange(operation.Id, operation, operation with { Deadline = deadline, AtDeadline = AtDeadline ?? operation.AtDeadline }));
        return new Decision.Accepted([.. changes], operation.Id);
    }

    private Intent Moved(Intent intent, DateTimeOffset deadline) => intent with { Deadline = deadline, AtDeadline = AtDeadline ?? intent.AtDeadline };
}
