using System.Collections.Immutable;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Hosting;

namespace Dashboard.Core.Discovery;

/// <summary>The serving sets of this console's own registry: one catalog for each update of the registry, health overlays included.</summary>
public sealed class RegistryServingSource(IRegistry registry, EndpointWaiters waiters) : BackgroundService, IServingSource
{
    /// <summary>More removals are not remembered: who resumes from before them starts from a snapshot.</summary>
    private const int RememberedRemovals = 1024;

    private readonly Queue<(string Service, long Revision)> _removals = new();
    private readonly Lock _gate = new();

    // Removals after this revision are all remembered.
    private long _removalsKnownAfter = long.MaxValue;

    public Feed<ServingCatalog, ServingUpdate> Feed { get; } = new(ServingCatalog.Empty);

    public DateTimeOffset? StaleSince => registry.Availability.UnavailableSince;

    /// <summary>Services that were deleted after a revision of this generation; null when it is too long ago to tell.</summary>
    public ImmutableArray<string>? RemovedAfter(long revision)
    {
        lock (_gate)
        {
            return revision < _removalsKnownAfter ? null : [.. _removals.Where(removal => removal.Revision > revision).Select(removal => removal.Service).Distinct()];
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => registry.Feed.FollowAsync(
        snapshot =>
        {
            Start(snapshot);
            return ValueTask.CompletedTask;
        },
        update =>
        {
            Step(update);
            return ValueTask.CompletedTask;
        },
        stoppingToken,
        capacity: 4096);

    // After a reset or an overflow no list of changes leads here. Followers that hold something of this generation are told the difference.
    private void Start(RegistrySnapshot snapshot)
    {
        var before = Feed.Current;
        var catalog = Catalog(snapshot, snapshot.Services.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.Serving));
        lock (_gate)
        {
            _removals.Clear();
            _removalsKnownAfter = snapshot.Revision;
        }

        if (before.Generation == catalog.Generation && before.Revision <= catalog.Revision)
        {
            Feed.Publish(catalog, new(catalog, [.. before.Services.Keys.Union(catalog.Services.Keys).Where(name => Differs(before, catalog, name))]));
        }
        else
        {
            Feed.Reset(catalog);
        }

        waiters.WakeAll();
    }

    private void Step(RegistryUpdate update)
    {
        var before = Feed.Current;
        var services = before.Services.ToBuilder();
        foreach (var name in update.Services)
        {
            if (update.After.TryGetService(name, out var service))
                services[name] = service.Serving;
            else if (services.Remove(name))
                Remember(name, update.After.Revision);
        }

        var catalog = Catalog(update.After, services.ToImmutable());
        Feed.Publish(catalog, new(catalog, [.. update.Services.Where(name => Differs(before, catalog, name))]));
        waiters.Wake(update.Services);
    }

    private void Remember(string service, long revision)
    {
        lock (_gate)
        {
            if (_removals.Count == RememberedRemovals)
                _removalsKnownAfter = _removals.Dequeue().Revision;

            _removals.Enqueue((service, revision));
        }
    }

    private static ServingCatalog Catalog(RegistrySnapshot snapshot, ImmutableDictionary<string, ServingSet> services) =>
        new(snapshot.Generation, snapshot.Revision, snapshot.Overlay, snapshot.At, services);

    private static bool Differs(ServingCatalog before, ServingCatalog after, string service) =>
        after.Services.TryGetValue(service, out var now) ? !now.SaysTheSameAs(before.Services.GetValueOrDefault(service)) : before.Services.ContainsKey(service);
}
