using System.Collections.Concurrent;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>The evidence about every instance, in memory: written at each result, read by API and pages.</summary>
public sealed class HealthBoard
{
    private readonly ConcurrentDictionary<InstanceKey, HealthEvidence> _evidence = new();

    /// <summary>The last look at an instance; null when it was never looked at or is gone.</summary>
    public HealthEvidence? Find(InstanceKey key) => _evidence.GetValueOrDefault(key);

    internal void Set(InstanceKey key, HealthEvidence evidence) => _evidence[key] = evidence;

    /// <summary>Another run or console has heard an instance that was not heard here yet.</summary>
    internal void Recall(InstanceKey key, DateTimeOffset seen)
    {
        if (_evidence.TryGetValue(key, out var evidence) && evidence is { Kind: CheckKind.Ttl, At: null })
            _evidence.TryUpdate(key, evidence with { At = seen }, evidence);
    }

    internal void Remove(InstanceKey key) => _evidence.TryRemove(key, out _);
}
