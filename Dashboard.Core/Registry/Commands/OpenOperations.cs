using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>Finds and ends the operations that a new act on the same targets replaces.</summary>
internal static class OpenOperations
{
    public const string Weights = "service.weights";
    public const string Drain = "instance.drain";
    public const string Undrain = "instance.undrain";
    public const string Maintenance = "instance.maintenance";
    public const string NodeDrain = "node.drain";
    public const string NodeUndrain = "node.undrain";

    public static Operation? FindDrain(RegistrySnapshot snapshot, InstanceKey key) =>
        snapshot.Operations.Values.FirstOrDefault(operation => operation.Action == Drain && operation.Instances.Contains(key));

    public static Operation? FindNodeDrain(RegistrySnapshot snapshot, string node) =>
        snapshot.Operations.Values.FirstOrDefault(operation => operation.Action == NodeDrain && operation.Node == node);

    /// <summary>Ends the open weight operations on any of the instances.</summary>
    public static IEnumerable<OperationChange> ReplaceWeights(RegistrySnapshot snapshot, ImmutableArray<InstanceKey> keys, DecisionContext context) =>
        Replace(snapshot, operation => operation.Action == Weights && operation.Instances.Any(keys.Contains), OperationOutcome.Superseded, context);

    /// <summary>Ends the open operations on the instance's own intent.</summary>
    public static IEnumerable<OperationChange> ReplaceIntent(RegistrySnapshot snapshot, InstanceKey key, OperationOutcome outcome, DecisionContext context) =>
        Replace(snapshot, operation => operation.Action is Drain or Undrain or Maintenance && operation.Instances.Contains(key), outcome, context);

    /// <summary>Ends the open operations on the node's intent.</summary>
    public static IEnumerable<OperationChange> ReplaceNode(RegistrySnapshot snapshot, string node, OperationOutcome outcome, DecisionContext context) =>
        Replace(snapshot, operation => operation.Node == node, outcome, context);

    public static OperationChange Close(Operation operation, OperationOutcome outcome, string because, DecisionContext context) =>
        new(operation.Id, operation, operation with { Outcome = outcome, ClosedAt = context.Now, ClosedBecause = because });

    private static IEnumerable<OperationChange> Replace(RegistrySnapshot snapshot, Func<Operation, bool> match, OperationOutcome outcome, DecisionContext context) =>
        snapshot.Operations.Values.Where(match).OrderBy(operation => operation.Id)
            .Select(operation => Close(
                operation,
                // Only a drain or a maintenance can be taken back; an undrain that is followed by something else was merely replaced.
                operation.Action is Undrain or NodeUndrain ? OperationOutcome.Superseded : outcome,
                $"{(outcome == OperationOutcome.Cancelled ? "taken back" : "replaced")} by {context.Actor.Name}, operation {context.Revision}",
                context));
}
