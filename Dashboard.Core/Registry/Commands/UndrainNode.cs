namespace Dashboard.Core.Registry.Commands;

/// <summary>Ends a node's intent; never an instance's own.</summary>
/// <param name="RampSeconds">The weight of its active instances grows linearly from 10 % over this time, 1-3600 s; null or 0 = at once.</param>
public sealed record UndrainNode(string Node, int? RampSeconds = null) : OperatorCommand
{
    public override string Action => OpenOperations.NodeUndrain;

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

        if (node.Intent.IsActive)
        {
            return Decision.Nothing();
        }

        var keys = node.Instances.OrderBy(key => key.ToString(), StringComparer.Ordinal).ToArray();
        var changes = new List<EntityChange> { new NodeChange(Node, node.State, new(Intent.Active, context.Revision)) };
        if (RampSeconds is > 0)
        {
            foreach (var key in keys)
            {
                var before = snapshot.OperatorStates.GetValueOrDefault(key);
                if ((before ?? OperatorState.None).Intent.IsActive)
                {
                    changes.Add(new OperatorChange(key, before, (before ?? OperatorState.None) with { Ramp = new(context.Now, RampSeconds.Value, 10) }));
                }
            }
        }

        changes.AddRange(OpenOperations.ReplaceNode(snapshot, Node, OperationOutcome.Cancelled, context));
        var operation = Open(context, Action, null, Node, [.. keys], overridden: false);
        changes.Add(new OperationChange(operation.Id, null, operation));
        return new Decision.Accepted([.. changes], operation.Id);
    }
}
