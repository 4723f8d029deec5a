namespace Dashboard.Core.Registry.Commands;

/// <summary>Records how an operation ended: seen in the traffic, or not provable in time.</summary>
public sealed record CloseOperation(long Operation, OperationOutcome Outcome, string Because) : RegistryCommand
{
    public override string Action => "operation.close";

    public override string Target => TargetName;

    /// <summary>What the operation acts on, for the audit.</summary>
    public required string TargetName { get; init; }

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context) =>
        snapshot.Operations.TryGetValue(Operation, out var operation)
            ? new Decision.Accepted([OpenOperations.Close(operation, Outcome, Because, context)], operation.Id)
            : Decision.Nothing();
}
