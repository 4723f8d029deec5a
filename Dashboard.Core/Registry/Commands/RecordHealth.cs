using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>A verdict about an instance that differs from the one before.</summary>
/// <param name="Observed">What was probed; the verdict is dropped when the instance has moved to another address or port since. Null = no check.</param>
public sealed record HealthTransition(InstanceKey Key, HealthState State, Registration? Observed = null);

/// <summary>Records health transitions of one service's instances. Instances that are gone are skipped.</summary>
public sealed record RecordHealth(string Service, ImmutableArray<HealthTransition> Transitions) : RegistryCommand
{
    public override string Action => "instance.health";

    public override string Target => Transitions.Length == 1 ? Transitions[0].Key.ToString() : Service;

    public override bool MayOverlay => true;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        var changes = ImmutableArray.CreateBuilder<EntityChange>();
        foreach (var transition in Transitions)
        {
            if (snapshot.FindInstance(transition.Key) is { } instance
                && instance.Health != transition.State
                && (transition.Observed is not { } observed || (observed.Address == instance.Registration.Address && observed.Port == instance.Registration.Port)))
            {
                changes.Add(new HealthChange(transition.Key, instance.Health, transition.State));
            }
        }

        return new Decision.Accepted(changes.ToImmutable());
    }
}
