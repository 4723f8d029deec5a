using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Operations;

/// <summary>What an operation is called and how it is taken back.</summary>
public static class OperationNames
{
    /// <summary>What it acts on, as the audit names it.</summary>
    public static string TargetOf(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return operation.Node is { } node ? $"node:{node}"
            : operation.Instances is [var only] ? only.ToString()
            : operation.Service ?? operation.Instances.FirstOrDefault().Service ?? "";
    }

    /// <summary>When the maintenance that it set ends by itself: of the first of its instances that are still in one; null when none ends so.</summary>
    public static DateTimeOffset? BackAt(Operation operation, RegistrySnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(snapshot);
        return operation.Action != "instance.maintenance" ? null
            : operation.Instances.Select(key => snapshot.OperatorStateOf(key).Intent).Where(intent => intent.Kind == IntentKind.Maintenance).Min(intent => intent.Until);
    }

    /// <summary>True for a drain of an instance or a node: it has a deadline and a countdown.</summary>
    public static bool IsDrain(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return operation.Action is OpenOperations.Drain or OpenOperations.NodeDrain;
    }

    /// <summary>The act that takes an open drain or maintenance back; null for an operation that has none.</summary>
    public static OperatorCommand? Cancelling(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return operation.Action switch
        {
            OpenOperations.NodeDrain => new UndrainNode(operation.Node!),
            OpenOperations.Drain or OpenOperations.Maintenance when operation.Instances.Length == 1 => new UndrainInstance(operation.Instances[0]),
            _ => null,
        };
    }
}
