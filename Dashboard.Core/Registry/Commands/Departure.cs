namespace Dashboard.Core.Registry.Commands;

/// <summary>What changes when an instance leaves: its row and health go, what operators decided about it stays.</summary>
internal static class Departure
{
    public static IEnumerable<EntityChange> Of(RegistrySnapshot snapshot, Instance instance, DecisionContext context)
    {
        if (instance.Health is not null)
        {
            yield return new HealthChange(instance.Key, instance.Health, null);
        }

        yield return new InstanceChange(instance.Key, instance.Entry, null);
        if (snapshot.OperatorStates.TryGetValue(instance.Key, out var state))
        {
            yield return new OperatorChange(instance.Key, state, state.IsDefault ? null : state with { AbsentSince = context.Now });
        }
    }
}
