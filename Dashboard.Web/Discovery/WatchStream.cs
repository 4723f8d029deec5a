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

    // A revision that changes nothing followed only has to be acknowledged: it is told this much later at most, together with those that come meanwhile.
    private static readonly TimeSpan Unconcerned = TimeSpan.FromSeconds(2);

    private static readonly byte[] KeepAlive = ": \n\n"u8.ToArray();

    private long _streams;

    public IResult Get(HttpContext http)
    {
        var input = RequestInput.Without(http);
        var services = input.QueryServices("services");
        var identity = FollowerIdentity.Of(http, input);
        // A last id that is none gets a snapshot: browsers send back whatever they were given, also by an older console.
        WatchEventId? last = WatchEventId.TryParse(http.Request.Headers["Last-Event-ID"].ToString(), out var parsed) ? parsed : null;
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
        // When the first revision came that is not told yet, and how much sooner than the others this stream tells it: ten thousand streams must not write in the same moment.
        long? untoldSince = null;
        var head = Unconcerned * Fraction(Interlocked.Increment(ref _streams));
        if (isStarted)
            await SendAsync(writer, First(catalog, last, staleSince, follows), cancellationToken);

        while (true)
        {
            var ready = subscription.WaitToReadAsync(cancellationToken).AsTask();
            while (!ready.IsCompleted && !await EndsWithinAsync(ready, Silence(), cancellationToken))
            {
                if (untoldSince is null && (source.StaleSince == staleSince || !isStarted))
                {
                    await PacedBody.WriteAsync(writer, KeepAlive, time, cancellationToken);
                    continue;
                }

                (staleSince, untoldSince) = (source.StaleSince, null);
                await SendAsync(writer, WatchEvent.Change(catalog, [], staleSince, follows), cancellationToken);
            }

            if (!await ready)
                return subscription.End;

            // What came meanwhile goes out as one event.
            var generation = catalog.Generation;
            var changed = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
            while (subscription.TryRead(out var update))
            {
                catalog = update!.Catalog;
                changed.UnionWith(update.Changed);
            }

            if (isStarted && services is not null && !services.Overlaps(changed) && catalog.Generation == generation && source.StaleSince == staleSince)
            {
                untoldSince ??= time.GetTimestamp();
                if (Silence() > TimeSpan.Zero)
                    continue;
            }

            (staleSince, untoldSince) = (source.StaleSince, null);
            await SendAsync(writer, isStarted ? WatchEvent.Change(catalog, changed, staleSince, follows) : First(catalog, last, staleSince, follows), cancellationToken);
            isStarted = true;
        }

        // How long nothing may be said from now on.
        TimeSpan Silence()
        {
            if (untoldSince is not { } since)
                return WatchProtocol.KeepAlive;

            var left = Unconcerned - head - time.GetElapsedTime(since);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    // Of one stream after another: spread evenly over a half, however many there are (the golden ratio's multiples).
    private static double Fraction(long stream) => stream * 0.6180339887498949 % 1 / 2;

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
