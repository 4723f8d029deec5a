using System.Net;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.Feeds;
using Microsoft.Extensions.Options;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>
/// The catalog of a remote console, followed through its watch stream. While every console is away the last catalog stays, with its age. What would empty the gateway or lead it back
/// in time is not taken at once, see <see cref="CatalogOffer"/>.
/// </summary>
internal sealed class RemoteCatalog(ConsoleClient client, ConsoleList consoles, GatewayStatus status, IOptions<ConsoleOptions> options, TimeProvider time, ILogger<RemoteCatalog> logger)
    : BackgroundService, IServingSource
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    // A console without its database is left for one that has it, if it stays so.
    private static readonly TimeSpan StalePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Reminder = TimeSpan.FromMinutes(1);

    private readonly Random _random = new();
    private readonly Backoff _backoff = new(time, new Random(), Backoff.Longest / consoles.Count);

    // Guards what follows, and the order of publishing. Nothing is awaited under it.
    private readonly Lock _gate = new();
    private RemoteKnowledge _knowledge = RemoteKnowledge.None;
    private DateTimeOffset _lastHeard = time.GetUtcNow();
    private ServingCatalog _offered = ServingCatalog.Empty;
    private DateTimeOffset? _offeredStaleSince;
    private long? _olderSince;
    private Uri? _followedLast;
    private CancellationTokenSource? _stream;

    public Feed<ServingCatalog, ServingUpdate> Feed { get; } = new(ServingCatalog.Empty);

    public DateTimeOffset? StaleSince => Volatile.Read(ref _knowledge).StaleSince;

    /// <summary>Where the catalog comes from and how old it is.</summary>
    public RemoteKnowledge Knowledge => Volatile.Read(ref _knowledge);

    /// <summary>Starts from what was known earlier, until a console answers.</summary>
    /// <param name="asOf">When that was last known to be current.</param>
    public void StartFrom(ServingCatalog catalog, DateTimeOffset asOf)
    {
        lock (_gate)
        {
            _knowledge = new(Console: null, FromDisk: true, asOf, Withheld: null);
            Feed.Publish(catalog, new(catalog, [.. catalog.Services.Keys]));
        }
    }

    /// <summary>Takes a console's catalog, whatever was held.</summary>
    internal void Accept(Uri console, ServingCatalog offered, DateTimeOffset? staleSince)
    {
        lock (_gate)
        {
            Take(console, offered, staleSince);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(FollowAllAsync(stoppingToken), WatchOverAsync(stoppingToken));

    private async Task FollowAllAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            var console = consoles.Current;
            var followed = false;
            string reason;
            try
            {
                await FollowAsync(console, () => followed = true, stoppingToken);
                reason = "it ended the stream";
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested && exception is HttpRequestException or SocketException or IOException or JsonException or OperationCanceledException or FormatException)
            {
                reason = exception is OperationCanceledException ? "it fell silent"
                    : exception is HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } ? "it does not accept the token; Console:Token has to be its admin token"
                    : exception.Message;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            failures = followed ? 1 : failures + 1;
            Lost(console, reason, failures);
            // Whoever was followed is tried once more: it may have been the connection only.
            if (!followed && consoles.Current == console)
            {
                consoles.Next();
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

    private void Lost(Uri console, string reason, int failures)
    {
        lock (_gate)
        {
            _olderSince = null;
            if (_knowledge.Console is not null || Feed.Current.Generation == Guid.Empty)
            {
                _knowledge = _knowledge with { Console = null, StaleSince = _knowledge.StaleSince ?? _lastHeard };
            }
        }

        // While all are away each is named once, and a reminder comes every minute.
        if (failures <= consoles.Count)
        {
            if (Feed.Current.Generation == Guid.Empty)
            {
                Log.NotReached(logger, console, reason, null);
            }
            else
            {
                Log.Lost(logger, console, reason, Feed.Current.Revision, null);
            }
        }
    }

    private async Task FollowAsync(Uri console, Action followed, CancellationToken stoppingToken)
    {
        // Any byte, a keep-alive comment too, restarts it.
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        silence.CancelAfter(WatchProtocol.SilenceLimit);
        var held = Feed.Current;
        using var answer = await client.WatchAsync(console, status.Id, held.Generation == Guid.Empty ? null : WatchEventId.Of(held), silence.Token);
        using var open = Opened(silence, held);
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
                    var snapshot = Read(item.Data.Item2, DiscoveryJson.Default.WatchSnapshotDocument);
                    await OfferAsync(console, WatchProtocol.Apply(snapshot), snapshot.StaleSince, stoppingToken);
                    break;
                case WatchProtocol.ChangeEvent:
                    var change = Read(item.Data.Item2, DiscoveryJson.Default.WatchChangeDocument);
                    await OfferAsync(console, WatchProtocol.Apply(_offered, change).Catalog, change.StaleSince, stoppingToken);
                    break;
                default:
                    // A later console may send more.
                    continue;
            }

            followed();
            _backoff.Reset();
        }
    }

    private OpenStream Opened(CancellationTokenSource silence, ServingCatalog held)
    {
        lock (_gate)
        {
            _offered = held;
            _stream = silence;
        }

        return new(this);
    }

    private static T Read<T>(byte[] data, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(data, type) ?? throw new JsonException("it sent an event without data");

    private async Task OfferAsync(Uri console, ServingCatalog offered, DateTimeOffset? staleSince, CancellationToken cancellationToken)
    {
        if (offered.Generation == Guid.Empty)
        {
            throw new JsonException("it has not loaded its registry yet");
        }

        string? withheld;
        bool isNew;
        lock (_gate)
        {
            (_offered, _offeredStaleSince) = (offered, staleSince);
            var held = Feed.Current;
            switch (CatalogOffers.Judge(held, offered))
            {
                case CatalogOffer.Older:
                    _olderSince ??= time.GetTimestamp();
                    withheld = $"revision {offered.Revision} is older than {held.Revision}, which is in use";
                    break;
                case CatalogOffer.Empty:
                    withheld = $"the registry of generation {offered.Generation} has no instance, while revision {held.Revision} of generation {held.Generation} is in use";
                    break;
                default:
                    Take(console, offered, staleSince);
                    return;
            }

            isNew = _knowledge.Withheld is null;
            _knowledge = _knowledge with { Console = console, Withheld = withheld, StaleSince = _knowledge.StaleSince ?? _lastHeard };
        }

        if (isNew)
        {
            Log.Withheld(logger, console, withheld, null);
            await RefuseAsync(offered, withheld, cancellationToken);
        }
    }

    // Under _gate.
    private void Take(Uri console, ServingCatalog offered, DateTimeOffset? staleSince)
    {
        var held = Feed.Current;
        var before = _knowledge;
        _olderSince = null;
        _knowledge = new(console, FromDisk: false, staleSince, Withheld: null);
        if (before.Console != console || before.Withheld is not null)
        {
            // Also where nothing changed: the console may have forgotten what was acknowledged, and a newly published catalog is acknowledged again.
            if (_followedLast is { } last && last != console)
            {
                consoles.Switched();
            }

            _followedLast = console;
            Log.Following(logger, console, offered.Revision, offered.Services.Count, null);
        }

        var step = CatalogOffers.Step(held, offered);
        // What the next change of the stream is applied to.
        _offered = step.Catalog;
        Feed.Publish(step.Catalog, step);
    }

    private async Task RefuseAsync(ServingCatalog offered, string reason, CancellationToken cancellationToken)
    {
        try
        {
            await client.AcknowledgeAsync(status.Id, new(offered.Generation, offered.Revision, reason), cancellationToken);
        }
        catch (HttpRequestException)
        {
            // It is in the log, and in the gateway's own health.
        }
    }

    private async Task WatchOverAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, time);
        var reminded = time.GetTimestamp();
        long? lookedAround = null;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                TakeOlder();
                var knowledge = Knowledge;
                var age = knowledge.Age(time.GetUtcNow());
                if (knowledge.Console is null && time.GetElapsedTime(reminded) >= Reminder)
                {
                    reminded = time.GetTimestamp();
                    Log.StillAway(logger, Feed.Current.Revision, (long)age.TotalSeconds, null);
                }

                if (knowledge.Console is { } console && age >= StalePatience && consoles.Count > 1 && (lookedAround is not { } last || time.GetElapsedTime(last) >= StalePatience * (1 + _random.NextDouble())))
                {
                    lookedAround = time.GetTimestamp();
                    await LookAroundAsync(console, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The gateway stops.
        }
    }

    // A replica that stays behind its fellows is none: the registry itself went back.
    private void TakeOlder()
    {
        lock (_gate)
        {
            if (_olderSince is not { } since || _knowledge.Console is not { } console || time.GetElapsedTime(since) < options.Value.RewindPatience)
            {
                return;
            }

            Log.Rewound(logger, console, Feed.Current.Revision, _offered.Revision, null);
            Take(console, _offered, _offeredStaleSince);
        }
    }

    private async Task LookAroundAsync(Uri followed, CancellationToken cancellationToken)
    {
        foreach (var other in consoles.Others)
        {
            if (await client.IsCurrentAsync(other, cancellationToken))
            {
                lock (_gate)
                {
                    if (_knowledge.Console == followed && _stream is { } stream)
                    {
                        Log.Leaving(logger, followed, other, null);
                        consoles.MoveTo(other);
                        // Not at once: nothing is run under the lock.
                        stream.CancelAfter(TimeSpan.Zero);
                    }
                }

                return;
            }
        }
    }

    /// <summary>The stream of the console that is followed, while it can be given up for another.</summary>
    private sealed class OpenStream(RemoteCatalog catalog) : IDisposable
    {
        public void Dispose()
        {
            lock (catalog._gate)
            {
                catalog._stream = null;
            }
        }
    }

    private static class Log
    {
        private static readonly Action<ILogger, Uri, string, long, Exception?> LostMessage = LoggerMessage.Define<Uri, string, long>(
            LogLevel.Warning, new(1, "ConsoleLost"), "The console at {Address} is away ({Reason}); forwarding goes on by revision {Revision}");

        private static readonly Action<ILogger, Uri, string, Exception?> NotReachedMessage = LoggerMessage.Define<Uri, string>(
            LogLevel.Warning, new(7, "ConsoleNotReached"), "The console at {Address} is away ({Reason}); until one answers nothing can be forwarded");

        private static readonly Action<ILogger, Uri, long, int, Exception?> FollowingMessage = LoggerMessage.Define<Uri, long, int>(
            LogLevel.Information, new(2, "ConsoleFollowed"), "Following the console at {Address} from revision {Revision} with {Services} services");

        private static readonly Action<ILogger, long, long, Exception?> StillAwayMessage = LoggerMessage.Define<long, long>(
            LogLevel.Warning, new(3, "ConsolesAway"), "No console answers; forwarding goes on by revision {Revision} (0: none is known yet), which is {Age} s old");

        private static readonly Action<ILogger, Uri, string, Exception?> WithheldMessage = LoggerMessage.Define<Uri, string>(
            LogLevel.Error,
            new(4, "CatalogWithheld"),
            "What the console at {Address} offers is not taken: {Reason}. If an empty registry is meant, confirm it in the console, or stop the gateway, delete its snapshot (Gateway:Snapshot) and start it");

        private static readonly Action<ILogger, Uri, long, long, Exception?> RewoundMessage = LoggerMessage.Define<Uri, long, long>(
            LogLevel.Warning, new(5, "RegistryRewound"), "The registry of the console at {Address} went back from revision {Before} to {After}, as after the restore of a backup; it is taken");

        private static readonly Action<ILogger, Uri, Uri, Exception?> LeavingMessage = LoggerMessage.Define<Uri, Uri>(
            LogLevel.Warning, new(6, "ConsoleStale"), "The console at {Address} has lost its database; the one at {Other} is current and is followed instead");

        public static void Lost(ILogger logger, Uri address, string reason, long revision, Exception? exception) => LostMessage(logger, address, reason, revision, exception);

        public static void NotReached(ILogger logger, Uri address, string reason, Exception? exception) => NotReachedMessage(logger, address, reason, exception);

        public static void Following(ILogger logger, Uri address, long revision, int services, Exception? exception) => FollowingMessage(logger, address, revision, services, exception);

        public static void StillAway(ILogger logger, long revision, long age, Exception? exception) => StillAwayMessage(logger, revision, age, exception);

        public static void Withheld(ILogger logger, Uri address, string reason, Exception? exception) => WithheldMessage(logger, address, reason, exception);

        public static void Rewound(ILogger logger, Uri address, long before, long after, Exception? exception) => RewoundMessage(logger, address, before, after, exception);

        public static void Leaving(ILogger logger, Uri address, Uri other, Exception? exception) => LeavingMessage(logger, address, other, exception);
    }
}
