using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Postgres;

/// <summary>
/// The health transitions that were applied in memory while Postgres was away: the last one of each instance, so its size is bounded by the registry's.
/// </summary>
internal sealed class HealthOverlay
{
    private readonly Dictionary<InstanceKey, (HealthTransition Transition, Actor Actor)> _transitions = [];

    public bool IsEmpty => _transitions.Count == 0;

    /// <summary>Names of the services that the overlay concerns.</summary>
    public IEnumerable<string> Services => _transitions.Keys.Select(key => key.Service).Distinct(StringComparer.Ordinal);

    /// <summary>Takes the health transitions among <paramref name="changes"/>, which were decided on <paramref name="snapshot"/>.</summary>
    public void Add(RegistrySnapshot snapshot, ImmutableArray<EntityChange> changes, Actor actor)
    {
        foreach (var change in changes)
        {
            if (change is HealthChange { After: { } state } health)
                _transitions[health.Key] = (new(health.Key, state, snapshot.FindInstance(health.Key)?.Registration), actor);
        }
    }

    /// <summary>The snapshot as it is with the overlay on it.</summary>
    public RegistrySnapshot ApplyTo(RegistrySnapshot committed)
    {
        foreach (var (key, (transition, _)) in _transitions)
        {
            if (committed.FindInstance(key) is { } instance)
                committed = committed.ApplyOverlay([new HealthChange(key, instance.Health, transition.State)]);
        }

        return committed;
    }

    /// <summary>The commands that make the overlay durable.</summary>
    public IReadOnlyList<PendingCommand> ToCommands() =>
    [
        .. _transitions.Values
            .GroupBy(entry => (entry.Transition.Key.Service, entry.Actor))
            .Select(group => new PendingCommand(
                new RecordHealth(group.Key.Service, [.. group.Select(entry => entry.Transition)]) { Reason = "observed while Postgres was away" },
                group.Key.Actor)),
    ];

    public void Clear() => _transitions.Clear();
}
