using System.Collections.Immutable;
using Dashboard.Core.Feeds;
using Dashboard.Core.Health;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres;

/// <summary>
/// What readers are shown: what is durable, with the health overlay on it while Postgres is away. For the writer's loop alone; readers take
/// <see cref="Feed"/>.
/// </summary>
internal sealed class RegistryPublisher(RegistryReplica replica)
{
    private readonly HealthOverlay _overlay = new();
    private readonly ForeignOverlays _foreign = new();
    private ImmutableArray<string> _touchedByOverlay = [];
    private OverlayWord _own = OverlayWord.None;
    private ImmutableArray<long> _epochs = [];
    private long[]? _newEpochs;

    /// <summary>Raised on the writer's loop after <see cref="Own"/> changed.</summary>
    public event Action? OwnChanged;

    /// <summary>What other consoles are told of the overlay.</summary>
    public OverlayWord Own => Volatile.Read(ref _own);

    public Feed<RegistrySnapshot, RegistryUpdate> Feed { get; } = new(replica.Committed);

    /// <summary>Shows the registry as it was loaded.</summary>
    public void Start()
    {
        Feed.Reset(replica.Committed);
        replica.MarkPublished();
    }

    /// <summary>Another console tells of its overlay, or (null) is gone. From any thread; seen with the next <see cref="Publish"/>.</summary>
    public void Hear(Guid console, OverlayWord? word) => _foreign.Hear(console, word);

    /// <summary>The latest epochs of the shares that are known. From any thread; counts with the next <see cref="Publish"/>.</summary>
    public void Know(ImmutableArray<long> epochs) => Volatile.Write(ref _newEpochs, [.. epochs]);

    /// <summary>What was seen under these fences is refused where others are known to have taken over; null = it may be shown.</summary>
    public Decision? Check(RegistryCommand command) => LeaseGuard.CheckKnown(command, _epochs);

    /// <summary>Swaps the snapshot and tells the feed, if anything is new.</summary>
    public void Publish()
    {
        var before = Feed.Current;
        if (Interlocked.Exchange(ref _newEpochs, null) is { } epochs)
            Know(epochs);
        _touchedByOverlay = _touchedByOverlay.AddRange(_foreign.Take(replica.Committed.Revision));
        if (!replica.IsReset && replica.Unpublished.Count == 0 && _touchedByOverlay.IsEmpty)
            return;

        var after = Shown(replica.Committed);
        if (replica.IsReset)
        {
            Feed.Reset(after);
        }
        else if (replica.Unpublished.Count == 0)
        {
            // Only what is in memory alone is new: one more step of the overlay's sequence.
            ImmutableArray<HealthChange> seen = [.. _touchedByOverlay.Distinct(StringComparer.Ordinal).SelectMany(name => Differences(before, after, name))];
            if (seen.Length > 0)
            {
                after = before.ApplyOverlay(seen);
                Feed.Publish(after, new(before, after, [], [.. seen.Select(change => change.Key.Service)]));
            }
        }
        else
        {
            ImmutableArray<RegistryChange> changes = [.. replica.Unpublished];
            var services = RegistryWrite.ServicesTouched(before, after, changes);
            foreach (var name in _overlay.Services.Concat(_touchedByOverlay))
            {
                if (!ReferenceEquals(before.Services.GetValueOrDefault(name), after.Services.GetValueOrDefault(name)))
                    services = services.Add(name);
            }

            Feed.Publish(after, new(before, after, changes, services));
        }

        _touchedByOverlay = [];
        replica.MarkPublished();
    }

    /// <summary>Applies health transitions that were decided on <paramref name="before"/> in memory, and shows them.</summary>
    public CommandResult Overlay(RegistrySnapshot before, ImmutableArray<EntityChange> changes, Actor actor, ImmutableArray<LeaseFence> fences)
    {
        _overlay.Add(before, changes, actor, fences);
        Tell(new(_overlay.Word, Own.DurableAt));
        var after = before.ApplyOverlay(changes.OfType<HealthChange>());
        var services = changes.OfType<HealthChange>().Select(change => change.Key.Service);
        Feed.Publish(after, new(before, after, [], [.. services]));
        return new CommandResult.Overlaid(after);
    }

    /// <summary>The commands that make durable what was seen while Postgres was away; empty when it was nothing.</summary>
    public IReadOnlyList<PendingCommand> Overlaid() => _overlay.ToCommands();

    /// <summary>They are durable: the next <see cref="Publish"/> shows them without the overlay, in one step with what others wrote meanwhile.</summary>
    public void EndOverlay()
    {
        _touchedByOverlay = _touchedByOverlay.AddRange(_overlay.Services);
        _overlay.Clear();
        Tell(new([], replica.Committed.Revision));
    }

    private void Know(long[] epochs)
    {
        _epochs = [.. epochs];
        var dropped = _overlay.Drop(_epochs);
        if (!dropped.IsEmpty)
            Tell(new(_overlay.Word, Own.DurableAt));
        _touchedByOverlay = _touchedByOverlay.AddRange(dropped).AddRange(_foreign.Know(_epochs));
    }

    private static IEnumerable<HealthChange> Differences(RegistrySnapshot before, RegistrySnapshot after, string service) =>
        (after.Services.GetValueOrDefault(service)?.Instances.Values ?? [])
            .Select(instance => new HealthChange(instance.Key, before.FindInstance(instance.Key)?.Health, instance.Health))
            .Where(change => change.Before != change.After);

    private RegistrySnapshot Shown(RegistrySnapshot committed)
    {
        // Of an instance that another console tells of too, what this one saw counts.
        HealthChange[] changes = [.. _foreign.Over(committed).Concat(_overlay.Over(committed)).GroupBy(change => change.Key).Select(same => same.Last())];
        return changes.Length == 0 ? committed : committed.ApplyOverlay(changes);
    }

    private void Tell(OverlayWord word)
    {
        Volatile.Write(ref _own, word);
        OwnChanged?.Invoke();
    }
}
