using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>Sets operator weights of a service's instances; null clears one. All or nothing.</summary>
public sealed record SetWeights(string Service, ImmutableSortedDictionary<string, int?> Weights) : OperatorCommand
{
    public const int MaxWeight = 10_000;

    public override string Action => OpenOperations.Weights;

    public override string Target => Service;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        if (!snapshot.TryGetService(Service, out var service))
        {
            return Decision.NoService(Service);
        }

        var unknown = Weights.Keys.Where(id => !service.Instances.ContainsKey(id)).ToArray();
        if (unknown.Length > 0)
        {
            return new Decision.Refused(new(
                RefusalKind.NotFound,
                $"Service {Service} has no instance {string.Join(", ", unknown)}.",
                new Dictionary<string, object?> { ["instances"] = unknown }));
        }

        if (StaleRefusal(snapshot, Weights.Keys.Select(id => new InstanceKey(Service, id))) is { } stale)
        {
            return new Decision.Refused(stale);
        }

        var changes = new List<EntityChange>();
        foreach (var (id, weight) in Weights)
        {
            var key = new InstanceKey(Service, id);
            var before = snapshot.OperatorStates.GetValueOrDefault(key);
            if ((before ?? OperatorState.None).Weight != weight)
            {
                changes.Add(new OperatorChange(key, before, (before ?? OperatorState.None) with { Weight = weight, Revision = context.Revision }));
            }
        }

        if (changes.Count == 0)
        {
            return Decision.Nothing();
        }

        if (Guarded(snapshot, changes, context, out var overridden) is { } refusal)
        {
            return new Decision.Refused(refusal);
        }

        ImmutableArray<InstanceKey> keys = [.. changes.Cast<OperatorChange>().Select(change => change.Key)];
        changes.AddRange(OpenOperations.ReplaceWeights(snapshot, keys, context));
        var operation = Open(context, Action, Service, null, keys, overridden);
        changes.Add(new OperationChange(operation.Id, null, operation));
        return new Decision.Accepted([.. changes], operation.Id);
    }
}
