using System.Collections.Immutable;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Microsoft.Extensions.Hosting;

namespace Dashboard.Core.Discovery;

/// <summary>
/// The serving sets of this console's own registry: one catalog for each update of the registry, health overlays included. A registry that began anew and empty
/// is withheld: followers are told what they held before, until an operator confirms.
/// </summary>
/// <param name="file">What was told before the console was started anew; null = that is not kept.</param>
public sealed class RegistryServingSource(IRegistry registry, EndpointWaiters waiters, ServingCatalogFile? file = null, TimeProvider? time = null) : BackgroundService, IServingSource
{
    private static readonly Actor Self = Actor.System("discovery");
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    // A change that comes alone, and those of a calm row, are told at once; of a flood, who follows is told together what came within this time.
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(10);

    // Followers spend several times as much on what they are told: more than this in telling is a flood.
    private const double Share = 0.05;

    private readonly RemovalMemory _removals = new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private Held? _held;

    // What a follower said that it holds while the registry is a new and empty one; the follower's endpoint sets it, the loop takes it.
    private Held? _claimed;
    private TaskCompletionSource _claim = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Raised on the loop when the registry begins to be withheld: from here on, what followers were told is nowhere but in this process.</summary>
    internal event Action? BeganToWithhold;

    public Feed<ServingCatalog, ServingUpdate> Feed { get; } = new(ServingCatalog.Empty);

    public DateTimeOffset? StaleSince => Volatile.Read(ref _held)?.Since ?? registry.Availability.UnavailableSince;

    /// <summary>The registry is withheld from followers, see <see cref="Withholding"/>. The catalog is then the former one, or <see cref="ServingCatalog.Empty"/> where that is not known.</summary>
    public bool IsWithheld => Volatile.Read(ref _held) is not null;

    /// <summary>Services that were deleted after a revision of this generation; null when it is too long ago to tell.</summary>
    public ImmutableArray<string>? RemovedAfter(long revision) => _removals.After(revision);

    /// <summary>
    /// The registry knows of a change of this service that the catalog does not tell yet, since changes of the last moments are told together. Who has just written and then reads waits for it.
    /// </summary>
    public bool IsBehind(string service)
    {
        var catalog = Feed.Current;
        var current = registry.Current;
        if (current.Generation != catalog.Generation || IsWithheld)
            return false;

        var told = catalog.Services.GetValueOrDefault(service);
        return current.TryGetService(service, out var known) ? told is null || told.Revision < known.Revision : told is not null;
    }

    /// <summary>
    /// Asks before a follower is told something, what it says that it holds: true when it has to keep that, because this registry is withheld, or is to be withheld because of it.
    /// </summary>
    /// <param name="generation">The generation that it holds something of; <see cref="Guid.Empty"/> = of none.</param>
    public bool MustKeep(Guid generation)
    {
        var told = Feed.Current;
        if (generation == Guid.Empty || generation == told.Generation)
            return false;

        if (IsWithheld)
            return true;

        var current = registry.Current;
        if (generation == current.Generation || !current.Services.IsEmpty || current.Withholding is not null)
            return false;

        Interlocked.CompareExchange(ref _claimed, new(generation, 0, _time.GetUtcNow()), null);
        _claim.TrySetResult();
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(
            registry.Feed.FollowTogetherAsync(
                snapshot =>
                {
                    Start(snapshot);
                    return ValueTask.CompletedTask;
                },
                updates =>
                {
                    Step(updates);
                    return ValueTask.CompletedTask;
                },
                new StepPace(Gap, Share),
                stoppingToken),
            RecordAsync(stoppingToken));
    }

    // After a reset or an overflow no list of changes leads here. Followers that hold something of this generation are told the difference.
    private void Start(RegistrySnapshot snapshot)
    {
        var before = Feed.Current;
        var told = before.Generation != Guid.Empty ? before : file?.Read();
        if (MustWithhold(snapshot, told))
        {
            Volatile.Write(ref _held, new(told?.Generation ?? snapshot.Withholding!.Held, told?.Services.Count ?? 0, snapshot.Withholding?.Since ?? _time.GetUtcNow()));
            BeganToWithhold?.Invoke();
            if (snapshot.Withholding is null)
                _claim.TrySetResult();
            if (told is not null && !ReferenceEquals(told, before))
            {
                Feed.Reset(told);
                waiters.WakeAll();
            }

            return;
        }

        Volatile.Write(ref _held, null);
        var catalog = Catalog(snapshot, snapshot.Services.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.Serving));
        _removals.Restart(snapshot.Revision);
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

    private void Step(IReadOnlyList<RegistryUpdate> updates)
    {
        var after = updates[^1].After;
        var withholding = after.Withholding;
        if (withholding is { IsOpen: true } && !IsWithheld)
        {
            // Another console, or a follower that came to one, holds something that this one knows nothing of.
            Volatile.Write(ref _held, new(withholding.Held, withholding.Services, withholding.Since));
            BeganToWithhold?.Invoke();
        }

        if (IsWithheld)
        {
            if (withholding is { IsOpen: false })
                Start(after);
            return;
        }

        var before = Feed.Current;
        var touched = updates.Count == 1 ? updates[0].Services : updates.SelectMany(update => update.Services).ToImmutableHashSet(StringComparer.Ordinal);
        var services = before.Services.ToBuilder();
        foreach (var name in touched)
        {
            if (after.TryGetService(name, out var service))
                services[name] = service.Serving;
            else if (services.Remove(name))
                _removals.Note(name, after.Revision);
        }

        var catalog = Catalog(after, services.ToImmutable());
        Feed.Publish(catalog, new(catalog, [.. touched.Where(name => Differs(before, catalog, name))]));
        waiters.Wake(touched);
    }

    /// <summary>Makes it durable, visible to other consoles and audited that the registry is withheld.</summary>
    private async Task RecordAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _claim.Task.WaitAsync(cancellationToken);
            _claim = new(TaskCreationOptions.RunContinuationsAsynchronously);
            while ((Volatile.Read(ref _held) ?? Volatile.Read(ref _claimed)) is { } held)
            {
                var command = new WithholdRegistry(held.Generation, held.Services) { Reason = "the registry began anew and empty while followers held another" };
                if (await IsRecordedAsync(command, cancellationToken))
                {
                    Volatile.Write(ref _claimed, null);
                    break;
                }

                await Task.Delay(RetryAfter, _time, cancellationToken);
            }
        }
    }

    private async Task<bool> IsRecordedAsync(RegistryCommand command, CancellationToken cancellationToken)
    {
        try
        {
            return await registry.ExecuteAsync(command, Self, cancellationToken) is not CommandResult.Unavailable;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The store has logged it. What followers are told must not end with it, and the next attempt may do better.
            return false;
        }
    }

    private static bool MustWithhold(RegistrySnapshot snapshot, ServingCatalog? told) =>
        snapshot.Withholding is { IsOpen: true }
        || (snapshot.Withholding is null && snapshot.Services.IsEmpty && told is not null && told.Generation != snapshot.Generation && !told.Services.IsEmpty);

    private static ServingCatalog Catalog(RegistrySnapshot snapshot, ImmutableDictionary<string, ServingSet> services) =>
        new(snapshot.Generation, snapshot.Revision, snapshot.Overlay, snapshot.At, services) { Confirmed = snapshot.Withholding is { IsOpen: false } };

    private static bool Differs(ServingCatalog before, ServingCatalog after, string service) =>
        after.Services.TryGetValue(service, out var now) ? !now.SaysTheSameAs(before.Services.GetValueOrDefault(service)) : before.Services.ContainsKey(service);

    /// <summary>What followers keep.</summary>
    private sealed record Held(Guid Generation, int Services, DateTimeOffset Since);
}
