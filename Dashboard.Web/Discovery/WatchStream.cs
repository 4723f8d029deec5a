using System.Collections.Immutable;
using System.IO.Pipelines;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.Feeds;
using Dashboard.Web.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dashboard.Web.Discovery;

/// <summary><c>GET /watch</c>: a snapshot, then changes, as server-sent events. See <see cref="WatchProtocol"/>.</summary>
internal sealed class WatchStream(
    RegistryServingSource source,
    FollowerTable followers,
    ServingBytes bytes,
    IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    private const int QueuedUpdates = 1024;

    private static readonly byte[] KeepAlive = ": \n\n"u8.ToArray();

    public IResult Get(HttpContext http)
    {
        var input = RequestInput.Without(http);
        var services = input.QueryServices("services");
        var identity = FollowerIdentity.Of(http, input);
        // A last id that is none gets a snapshot: browsers send back whatever they were given, also by an older console.
        WatchEventId? last = WatchEventId.TryParse(http.Request.Headers["Last-Event-ID"], out var parsed) ? parsed : null;
        return input.Problem ?? new Stream(this, services, identity, last);
    }

    private async Task RunAsync(HttpContext http, ImmutableHashSet<string>? services, FollowerIdentity identity, WatchEventId? last)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = "text/event-stream; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        var id = identity.Id ?? $"watch {identity.Address}:{http.Connection.RemotePort}";
        using var open = followers.Open(id, identity.KindOr(FollowerKind.Watch), identity.Address, services, identity.IsGateway, canConfirm: identity.Id is not null);
        try
        {
            while (await FollowAsync(http.Response.BodyWriter, services, last, ending.Token) == FeedEnd.Reset)
                last = null;
        }
        catch (OperationCanceledException)
        {
            // The client went, or the console stops.
        }
        catch (TimeoutException)
        {
            // It takes nothing. It comes back and starts again.
            http.Abort();
        }
        finally
        {
            // One that did not name itself cannot acknowledge, and nobody waits for it.
            if (identity.Id is null)
                followers.Forget(id);
        }
    }

    private async Task<FeedEnd> FollowAsync(PipeWriter writer, ImmutableHashSet<string>? services, WatchEventId? last, CancellationToken cancellationToken)
    {
        Func<string, bool>? follows = services is null ? null : services.Contains;
        using var subscription = source.Feed.Subscribe(QueuedUpdates);
        if (MustWait(subscription.Start, last))
            return await WaitAsync(writer, subscription, last, cancellationToken);

        var catalog = subscription.Start;
        var staleSince = source.StaleSince;
        var isStarted = IsLoaded(catalog);
        if (isStarted)
            await SendAsync(writer, First(catalog, last, staleSince, follows), cancellationToken);

        while (true)
        {
            var ready = subscription.WaitToReadAsync(cancellationToken).AsTask();
            while (!ready.IsCompleted && !await EndsWithinAsync(ready, WatchProtocol.KeepAlive, cancellationToken))
            {
                if (source.StaleSince == staleSince || !isStarted)
                {
                    await PacedBody.WriteAsync(writer, KeepAlive, time, cancellationToken);
                    continue;
                }

                staleSince = source.StaleSince;
                await SendAsync(writer, WatchEvent.Change(catalog, [], staleSince, follows), cancellationToken);
            }

            if (!await ready)
                return subscription.End;

            // What came meanwhile goes out as one event.
            var changed = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
            while (subscription.TryRead(out var update))
            {
                catalog = update!.Catalog;
                changed.UnionWith(update.Changed);
            }

            staleSince = source.StaleSince;
            await SendAsync(writer, isStarted ? WatchEvent.Change(catalog, changed, staleSince, follows) : First(catalog, last, staleSince, follows), cancellationToken);
            isStarted = true;
        }
    }

    // A registry that began anew and empty: who holds something of another keeps it, and hears nothing but that the console is there.
    private bool MustWait(ServingCatalog catalog, WatchEventId? last) =>
        (last is { } held && source.MustKeep(held.Generation)) || (catalog.Generation == Guid.Empty && source.IsWithheld);

    private async Task<FeedEnd> WaitAsync(PipeWriter writer, FeedSubscription<ServingCatalog, ServingUpdate> subscription, WatchEventId? last, CancellationToken cancellationToken)
    {
        while (MustWait(source.Feed.Current, last))
        {
            await PacedBody.WriteAsync(writer, KeepAlive, time, cancellationToken);
            var ready = subscription.WaitToReadAsync(cancellationToken).AsTask();
            if (!await EndsWithinAsync(ready, WatchProtocol.KeepAlive, cancellationToken))
                continue;
            if (!await ready)
                return subscription.End;
            while (subscription.TryRead(out _))
            {
            }
        }

        return FeedEnd.Reset;
    }

    // Before the registry is loaded there is nothing to tell: an empty snapshot would be taken for an empty registry.
    private static bool IsLoaded(ServingCatalog catalog) => catalog.Generation != Guid.Empty;

    private WatchEvent First(ServingCatalog catalog, WatchEventId? last, DateTimeOffset? staleSince, Func<string, bool>? follows) =>
        // A health overlay changes serving sets without a revision: what changed since cannot be told then.
        last is { } held && held.Generation == catalog.Generation && held.Revision <= catalog.Revision && held.Overlay == 0 && catalog.Overlay == 0
            && source.RemovedAfter(held.Revision) is { } removed
            ? WatchEvent.Change(catalog, catalog.Services.Values.Where(set => set.Revision > held.Revision).Select(set => set.Service).Union(removed), staleSince, follows)
            : WatchEvent.Snapshot(catalog, staleSince, follows);

    private ValueTask SendAsync(PipeWriter writer, WatchEvent next, CancellationToken cancellationToken) => next.WriteAsync(writer, bytes, time, cancellationToken);

    private async ValueTask<bool> EndsWithinAsync(Task task, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(limit, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private sealed class Stream(WatchStream owner, ImmutableHashSet<string>? services, FollowerIdentity identity, WatchEventId? last) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => owner.RunAsync(httpContext, services, identity, last);
    }
}
