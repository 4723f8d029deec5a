using System.Collections.Concurrent;
using System.Collections.Immutable;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres;

/// <summary>
/// What other consoles could not write yet: shown, never written here. A verdict that was written later than one of theirs counts more, and what is told of a share under an earlier epoch
/// than is known counts nothing.
/// Words come from any thread; the rest is for the writer's loop.
/// </summary>
internal sealed class ForeignOverlays
{
    private readonly ConcurrentDictionary<Guid, OverlayWord?> _inbox = new();
    private readonly Dictionary<Guid, OverlayWord> _words = [];
    private readonly Dictionary<Guid, long> _ending = [];
    private ImmutableArray<long> _epochs = [];

    /// <summary>A console's word; null = it is not there any more.</summary>
    public void Hear(Guid console, OverlayWord? word) => _inbox[console] = word;

    /// <summary>Takes the words that came; answers the services that may look different then.</summary>
    /// <param name="revision">What is known to be durable here: a word that ended is shown until its end has been read.</param>
    public ImmutableArray<string> Take(long revision)
    {
        if (_inbox.IsEmpty && _ending.Count == 0)
            return [];

        var services = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var console in _inbox.Keys)
        {
            if (!_inbox.TryRemove(console, out var word))
                continue;
            _ending.Remove(console);
            if (word is null)
                Drop(console, services);
            else if (word.Transitions.IsEmpty)
                _ending[console] = word.DurableAt;
            else
                Set(console, word, services);
        }

        foreach (var (console, durable) in _ending.ToArray())
        {
            if (durable > revision)
                continue;
            _ending.Remove(console);
            Drop(console, services);
        }

        return [.. services];
    }

    /// <summary>The latest epochs that are known; answers the services that may look different then.</summary>
    public ImmutableArray<string> Know(ImmutableArray<long> epochs)
    {
        _epochs = epochs;
        return [.. _words.Values.SelectMany(Services).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>What is to be seen on top of <paramref name="committed"/>.</summary>
    public IEnumerable<HealthChange> Over(RegistrySnapshot committed)
    {
        foreach (var transition in _words.Values.SelectMany(word => word.Transitions).GroupBy(transition => transition.Key).Select(same => same.MaxBy(transition => transition.Epoch)!))
        {
            if (!LeaseGuard.IsLate(new(HealthShard.Of(transition.Key), transition.Epoch), _epochs)
                && committed.FindInstance(transition.Key) is { } instance && (instance.Health is not { } health || health.Since < transition.State.Since))
                yield return new(transition.Key, instance.Health, transition.State);
        }
    }

    private void Set(Guid console, OverlayWord word, ImmutableHashSet<string>.Builder services)
    {
        Drop(console, services);
        _words[console] = word;
        services.UnionWith(Services(word));
    }

    private void Drop(Guid console, ImmutableHashSet<string>.Builder services)
    {
        if (_words.Remove(console, out var gone))
            services.UnionWith(Services(gone));
    }

    private static IEnumerable<string> Services(OverlayWord word) => word.Transitions.Select(transition => transition.Key.Service);
}
