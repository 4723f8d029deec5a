namespace Dashboard.Core.Registry.Commands;

/// <summary>Drains a host: its intent applies to every instance on it, also to those that register later. The guard looks at every service on it.</summary>
/// <param name="Deadline">How long to wait for requests in flight; null = 300 s.</param>
public sealed record DrainNode(string Node, TimeSpan? Deadline = null, DeadlineAction AtDeadline = DeadlineAction.Hold) : OperatorCommand
{
    public override string Action => OpenOperations.NodeDrain;

    public override string Target => $"node:{Node}";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        if (!snapshot.Nodes.TryGetValue(Node, out var node))
        {
            return Decision.Refuse(RefusalKind.NotFound, $"There is no node {Node}.");
        }

        if (StaleRefusal(snapshot, Node) is { } stale)
        {
            return new Decision.Refused(stale);
        }

        var deadline = context.Now + (Deadline ?? ServiceSettings.Default.DrainDeadline);
        if (node.Intent.Kind == IntentKind.Drained)
        {
            return Decision.Nothing();
        }

        if (node.Intent.Kind == IntentKind.Draining && OpenOperations.FindNodeDrain(snapshot, Node) is { } open)
        {
            var again = node.Intent with { Deadline = deadline, AtDeadline = AtDeadline };
            return new Decision.Accepted(
                [new NodeChange(Node, node.State, new(again, context.Revision)), new OperationChange(open.Id, open, open with { Deadline = deadline, AtDeadline = AtDeadline })],
                open.Id);
        }

        var intent = new Intent
        {
            Kind = IntentKind.Draining,
            Since = context.Now,
            Deadline = deadline,
            AtDeadline = AtDeadline,
            Actor = context.Actor.Name,
            Reason = Reason,
        };
        var change = new NodeChange(Node, node.State, new(intent, context.Revision));
        if (Guarded(snapshot, [change], context, out var overridden) is { } refusal)
        {
            return new Decision.Refused(refusal);
        }

        var operation = Open(context, Action, null, Node, [.. node.Instances.OrderBy(key => key.ToString(), StringComparer.Ordinal)], overridden) with
        {
            Deadline = deadline,
            AtDeadline = AtDeadline,
        };
        return new Decision.Accepted(
            [change, .. OpenOperations.ReplaceNode(snapshot, Node, OperationOutcome.Superseded, context), new OperationChange(operation.Id, null, operation)],
            operation.Id);
    }
}
