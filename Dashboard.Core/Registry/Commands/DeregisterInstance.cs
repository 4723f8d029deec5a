namespace Dashboard.Core.Registry.Commands;

/// <summary>Takes one instance out of the registry. Unguarded when the instance itself asks, guarded when an operator does.</summary>
public sealed record DeregisterInstance(InstanceKey Key) : OperatorCommand
{
    public override string Action => "instance.deregister";

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

        EntityChange[] changes = [.. Departure.Of(snapshot, instance, context)];
        return Guarded(snapshot, changes, context, out _) is { } refusal
            ? new Decision.Refused(refusal)
            : new Decision.Accepted([.. changes]);
    }
}
