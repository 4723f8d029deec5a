using System.Collections.Immutable;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres;

/// <summary>
/// What readers are shown: what is durable, with the health overlay on it while Postgres is away. For the writer's loop alone; readers take
/// <see cref="Feed"/>.
/// </summary>
internal sealed class RegistryPublisher(RegistryReplica replica)
{
    private readonly HealthOverlay _overlay = new();
    private ImmutableArray<string> _touchedByOverlay = [];

    public Feed<RegistrySnapshot, RegistryUpdate> Feed { get; } = new(replica.Committed);

    /// <summary>Shows the registry as it was loaded.</summary>
    public void Start()
    {
        Feed.Reset(replica.Committed);
        replica.MarkPublished();
    }

    /// <summary>Swaps the snapshot and tells the feed, if anything is new.</summary>
    public void Publish()
    {
        var before = Feed.Current;
        if (!replica.IsReset && replica.Unpublished.Count == 0 && _touchedByOverlay.IsEmpty)
            return;

        var after = _overlay.ApplyTo(replica.Committed);
        if (replica.IsReset)
        {
            Feed.Reset(after);
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
        _touchedByOverlay = [.. _overlay.Services];
        _overlay.Clear();
    }
}
