using System.Net.ServerSentEvents;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.Feeds;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>The catalog of a remote console, followed through its watch stream. While the console is away the last catalog stays, with its age.</summary>
internal sealed class RemoteCatalog(ConsoleClient console, GatewayStatus status, TimeProvider time, ILogger<RemoteCatalog> logger) : BackgroundService, IServingSource
{
    private readonly Backoff _backoff = new(time, new Random());
    private Staleness _staleness = new(null);
    private DateTimeOffset _lastHeard = time.GetUtcNow();

    public Feed<ServingCatalog, ServingUpdate> Feed { get; } = new(ServingCatalog.Empty);

    public DateTimeOffset? StaleSince => Volatile.Read(ref _staleness).Since;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stoppingToken);
                Log.Lost(logger, console.Address, "the console ended the stream", null);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested && exception is HttpRequestException or IOException or JsonException or OperationCanceledException or FormatException)
            {
                Log.Lost(logger, console.Address, exception.Message, null);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (StaleSince is null)
            {
                Volatile.Write(ref _staleness, new(_lastHeard));
            }

            try
            {
                await _backoff.PauseAsync(stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        // Any byte, a keep-alive comment too, restarts it.
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        silence.CancelAfter(WatchProtocol.SilenceLimit);
        var held = Feed.Current;
        using var answer = await console.WatchAsync(status.Id, held.Generation == Guid.Empty ? null : WatchEventId.Of(held), silence.Token);
        if (held.Generation != Guid.Empty)
        {
            // The console may have forgotten what was acknowledged: publishing again makes the gateway say it again.
            Feed.Publish(held with { }, new(held, []));
        }

        await using var stream = new ListeningStream(await answer.Content.ReadAsStreamAsync(silence.Token), () =>
        {
            silence.CancelAfter(WatchProtocol.SilenceLimit);
            _lastHeard = time.GetUtcNow();
        });
        // The event type decides how the data is read.
        await foreach (var item in SseParser.Create(stream, static (type, data) => (type, data.ToArray())).EnumerateAsync(silence.Token))
        {
            switch (item.EventType)
            {
                case WatchProtocol.SnapshotEvent:
                    Take(Read(item.Data.Item2, DiscoveryJson.Default.WatchSnapshotDocument));
                    break;
                case WatchProtocol.ChangeEvent:
                    Take(Read(item.Data.Item2, DiscoveryJson.Default.WatchChangeDocument));
                    break;
                default:
                    // A later console may send more.
                    continue;
            }

            _backoff.Reset();
        }
    }

    private static T Read<T>(byte[] data, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(data, type) ?? throw new JsonException("The console sent an event without data.");

    private void Take(WatchSnapshotDocument snapshot)
    {
        var catalog = WatchProtocol.Apply(snapshot);
        Volatile.Write(ref _staleness, new(snapshot.StaleSince));
        Log.Following(logger, console.Address, catalog.Revision, catalog.Services.Count);
        Feed.Publish(catalog, new(catalog, [.. Feed.Current.Services.Keys.Union(catalog.Services.Keys)]));
    }

    private void Take(WatchChangeDocument change)
    {
        var update = WatchProtocol.Apply(Feed.Current, change);
        Volatile.Write(ref _staleness, new(change.StaleSince));
        Feed.Publish(update.Catalog, update);
    }

    private sealed record Staleness(DateTimeOffset? Since);

    private static class Log
    {
        private static readonly Action<ILogger, Uri, string, Exception?> LostMessage = LoggerMessage.Define<Uri, string>(
            LogLevel.Warning, new(1, "ConsoleLost"), "The console at {Address} is away ({Reason}); forwarding goes on by the last catalog");

        private static readonly Action<ILogger, Uri, long, int, Exception?> FollowingMessage = LoggerMessage.Define<Uri, long, int>(
            LogLevel.Information, new(2, "ConsoleFollowed"), "Following the console at {Address} from revision {Revision} with {Services} services");

        public static void Lost(ILogger logger, Uri address, string reason, Exception? exception) => LostMessage(logger, address, reason, exception);

        public static void Following(ILogger logger, Uri address, long revision, int services) => FollowingMessage(logger, address, revision, services, null);
    }
}
