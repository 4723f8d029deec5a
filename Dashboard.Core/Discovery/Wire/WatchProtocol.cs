using System.Text.Json;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Wire;

/// <summary>
/// The watch stream, <c>GET /api/v1/watch?services=a,b</c> (no <c>services</c> = all) as server-sent events: one <see cref="SnapshotEvent"/>, then
/// <see cref="ChangeEvent"/>s, each with a <see cref="WatchEventId"/>; with <c>Last-Event-ID</c> changes only, where the server can tell what changed since. A change of something else
/// than what is followed comes as an event without sets, at most 2 s later and together with others, so that its revision can be acknowledged. A comment line is
/// sent after <see cref="KeepAlive"/> of silence; a client gives the stream up after <see cref="SilenceLimit"/>.
/// </summary>
public static class WatchProtocol
{
    public const string SnapshotEvent = "snapshot";

    public const string ChangeEvent = "change";

    /// <summary>The header in which a follower names itself.</summary>
    public const string ClientHeader = "X-Mesh-Client";

    /// <summary>The header in which a follower says what it is; <see cref="GatewayKind"/> for a gateway, which also reports its traffic.</summary>
    public const string KindHeader = "X-Mesh-Kind";

    public const string GatewayKind = "gateway";

    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(15);

    /// <summary>The snapshot event for a catalog.</summary>
    /// <param name="follows">Whether the follower asked for a service; null = all.</param>
    public static WatchSnapshotDocument Snapshot(ServingCatalog catalog, DateTimeOffset? staleSince, Func<string, bool>? follows = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new()
        {
            Generation = catalog.Generation,
            Revision = catalog.Revision,
            Overlay = catalog.Overlay,
            At = catalog.At,
            StaleSince = staleSince,
            Confirmed = catalog.Confirmed,
            Services = [.. catalog.Services.Values.Where(set => follows is null || follows(set.Service)).OrderBy(set => set.Service, StringComparer.Ordinal).Select(ServingDocument.From)],
        };
    }

    /// <summary>The change event for a step of the catalog.</summary>
    public static WatchChangeDocument Change(ServingUpdate update, DateTimeOffset? staleSince, Func<string, bool>? follows = null)
    {
        ArgumentNullException.ThrowIfNull(update);
        var catalog = update.Catalog;
        var names = update.Changed.Where(name => follows is null || follows(name)).ToList();
        return new()
        {
            Generation = catalog.Generation,
            Revision = catalog.Revision,
            Overlay = catalog.Overlay,
            At = catalog.At,
            StaleSince = staleSince,
            Changed = [.. names.Where(catalog.Services.ContainsKey).Select(name => ServingDocument.From(catalog.Services[name]))],
            Removed = [.. names.Where(name => !catalog.Services.ContainsKey(name))],
        };
    }

    /// <summary>The catalog that a snapshot event leads to.</summary>
    public static ServingCatalog Apply(WatchSnapshotDocument snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var services = ServingCatalog.Empty.Services.ToBuilder();
        foreach (var document in snapshot.Services.IsDefault ? [] : snapshot.Services)
        {
            services[document.Service] = document.ToServingSet();
        }

        return new(snapshot.Generation, snapshot.Revision, snapshot.Overlay, snapshot.At, services.ToImmutable()) { Confirmed = snapshot.Confirmed };
    }

    /// <summary>The step that a change event leads to.</summary>
    /// <exception cref="JsonException">The event belongs to another generation than the catalog: the stream cannot be trusted and is opened again.</exception>
    public static ServingUpdate Apply(ServingCatalog catalog, WatchChangeDocument change)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(change);
        if (catalog.Generation != change.Generation)
        {
            throw new JsonException($"A change of generation {change.Generation} does not follow a snapshot of generation {catalog.Generation}.");
        }

        var changed = change.Changed.IsDefault ? [] : change.Changed;
        var removed = change.Removed.IsDefault ? [] : change.Removed;
        var services = catalog.Services.ToBuilder();
        foreach (var document in changed)
        {
            services[document.Service] = document.ToServingSet();
        }

        services.RemoveRange(removed);
        return new(
            new(change.Generation, change.Revision, change.Overlay, change.At, services.ToImmutable()) { Confirmed = catalog.Confirmed },
            [.. changed.Select(document => document.Service), .. removed]);
    }
}
