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

    internal void Remove(InstanceKey key) => _evidence.TryRemove(key, out _);
}
