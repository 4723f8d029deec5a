using System.Buffers;
using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
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
    IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    // One that takes nothing for so long is cut off; it comes back and starts again.
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(10);

    private const int QueuedUpdates = 1024;

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
        using var open = followers.Open(id, identity.KindOr(FollowerKind.Watch), identity.Address, services, identity.IsGateway);
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
        var staleSince = source.StaleSince;
        await StartAsync(writer, subscription.Start, last, staleSince, follows, cancellationToken);
        var catalog = subscription.Start;
        while (true)
        {
            var ready = subscription.WaitToReadAsync(cancellationToken).AsTask();
            while (!ready.IsCompleted && !await EndsWithinAsync(ready, WatchProtocol.KeepAlive, cancellationToken))
            {
                if (source.StaleSince == staleSince)
                {
                    await WriteAsync(writer, ": \n\n"u8.ToArray(), cancellationToken);
                    continue;
                }

                staleSince = source.StaleSince;
                await SendAsync(writer, catalog, WatchProtocol.ChangeEvent, WatchProtocol.Change(new(catalog, []), staleSince), DiscoveryJson.Default.WatchChangeDocument, cancellationToken);
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
            await SendAsync(writer, catalog, WatchProtocol.ChangeEvent, WatchProtocol.Change(new(catalog, [.. changed]), staleSince, follows), DiscoveryJson.Default.WatchChangeDocument, cancellationToken);
        }
    }

    private async Task StartAsync(PipeWriter writer, ServingCatalog catalog, WatchEventId? last, DateTimeOffset? staleSince, Func<string, bool>? follows, CancellationToken cancellationToken)
    {
        // A health overlay changes serving sets without a revision: what changed since cannot be told then.
        if (last is { } held && held.Generation == catalog.Generation && held.Revision <= catalog.Revision && held.Overlay == 0 && catalog.Overlay == 0
            && source.RemovedAfter(held.Revision) is { } removed)
        {
            var changed = catalog.Services.Values.Where(set => set.Revision > held.Revision).Select(set => set.Service).Union(removed);
            await SendAsync(writer, catalog, WatchProtocol.ChangeEvent, WatchProtocol.Change(new(catalog, [.. changed]), staleSince, follows), DiscoveryJson.Default.WatchChangeDocument, cancellationToken);
            return;
        }

        await SendAsync(writer, catalog, WatchProtocol.SnapshotEvent, WatchProtocol.Snapshot(catalog, staleSince, follows), DiscoveryJson.Default.WatchSnapshotDocument, cancellationToken);
    }

    private async Task SendAsync<T>(PipeWriter writer, ServingCatalog catalog, string name, T document, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(document, type);
        var frame = new ArrayBufferWriter<byte>(json.Length + 128);
        frame.Write(Encoding.ASCII.GetBytes($"id: {WatchEventId.Of(catalog)}\nevent: {name}\ndata: "));
        frame.Write(json);
        frame.Write("\n\n"u8);
        await WriteAsync(writer, frame.WrittenMemory, cancellationToken);
    }

    private async Task WriteAsync(PipeWriter writer, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        await writer.WriteAsync(bytes, cancellationToken).AsTask().WaitAsync(WriteLimit, time, cancellationToken);

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
