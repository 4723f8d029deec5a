using System.Collections.Immutable;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Postgres;

/// <summary>
/// The health transitions that were applied in memory while Postgres was away: the last one of each instance, so its size is bounded by the registry's.
/// </summary>
internal sealed class HealthOverlay
{
    private readonly Dictionary<InstanceKey, (HealthTransition Transition, Actor Actor, LeaseFence? Fence)> _transitions = [];

    public bool IsEmpty => _transitions.Count == 0;

    /// <summary>Names of the services that the overlay concerns.</summary>
    public IEnumerable<string> Services => _transitions.Keys.Select(key => key.Service).Distinct(StringComparer.Ordinal);

    /// <summary>Takes the health transitions among <paramref name="changes"/>, which were decided on <paramref name="snapshot"/>.</summary>
    public void Add(RegistrySnapshot snapshot, ImmutableArray<EntityChange> changes, Actor actor, ImmutableArray<LeaseFence> fences)
    {
        foreach (var change in changes)
        {
            if (change is HealthChange { After: { } state } health)
                _transitions[health.Key] = (new(health.Key, state, snapshot.FindInstance(health.Key)?.Registration), actor, FenceOf(health.Key, fences));
        }
    }

    /// <summary>What is to be seen on top of <paramref name="committed"/>.</summary>
    public IEnumerable<HealthChange> Over(RegistrySnapshot committed)
    {
        foreach (var (key, (transition, _, _)) in _transitions)
        {
            if (committed.FindInstance(key) is { } instance)
                yield return new(key, instance.Health, transition.State);
        }
    }

    /// <summary>The same, for other consoles.</summary>
    public ImmutableArray<OverlaidHealth> Word => [.. _transitions.Values.Select(entry => new OverlaidHealth(entry.Transition.Key, entry.Transition.State, entry.Fence?.Epoch ?? 0))];

    /// <summary>Forgets what was seen of shares that others have taken over since; answers the services that may look different then.</summary>
    /// <param name="epochs">The latest epochs that are known.</param>
    public ImmutableArray<string> Drop(ImmutableArray<long> epochs)
    {
        InstanceKey[] late = [.. _transitions.Where(entry => entry.Value.Fence is { } fence && LeaseGuard.IsLate(fence, epochs)).Select(entry => entry.Key)];
        foreach (var key in late)
            _transitions.Remove(key);
        return [.. late.Select(key => key.Service).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The commands that make the overlay durable.</summary>
    public IReadOnlyList<PendingCommand> ToCommands() =>
    [
        .. _transitions.Values
            .GroupBy(entry => (entry.Transition.Key.Service, entry.Actor, entry.Fence))
            .Select(group => new PendingCommand(
                new RecordHealth(group.Key.Service, [.. group.Select(entry => entry.Transition)])
                {
                    Reason = "observed while Postgres was away",
                    // As of then: what another console has taken over since is its own to tell.
                    Fences = [.. group.Select(entry => entry.Fence).OfType<LeaseFence>().Distinct()],
                },
                group.Key.Actor)),
    ];

    // What was fenced stays fenced: an epoch of 0 (not held) is refused like any other that is not the present one.
    private static LeaseFence? FenceOf(InstanceKey key, ImmutableArray<LeaseFence> fences)
    {
        var shard = HealthShard.Of(key);
        return fences.IsEmpty ? null : new(shard, fences.FirstOrDefault(fence => fence.Shard == shard).Epoch);
    }

    public void Clear() => _transitions.Clear();
}
