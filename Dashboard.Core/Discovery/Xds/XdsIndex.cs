using System.Collections.Immutable;
using Dashboard.Core.Feeds;
using Microsoft.Extensions.Hosting;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>
/// Turns the serving sets into resources, each encoded once for all streams, and hands what changed to the streams that are open. Dialects that nobody speaks cost nothing.
/// </summary>
public sealed class XdsIndex(IServingSource source, FollowerTable followers, XdsOptions options, TimeProvider time) : BackgroundService
{
    // A revision that changes nothing for a stream is acknowledged within this time, for all streams in one pass: a storm of revisions must not cost a pass each.
    private static readonly TimeSpan QuietPass = TimeSpan.FromMilliseconds(200);

    private const int QueuedUpdates = 4096;

    // Taken before a session's own. Under it nothing is awaited.
    private readonly Lock _gate = new();
    private readonly HashSet<IXdsSession> _sessions = [];
    private readonly Dictionary<XdsDialect, XdsView> _views = [];
    private ServingCatalog _catalog = ServingCatalog.Empty;

    public XdsDialect ForEnvoy { get; } = new EnvoyDialect(options);

    public XdsDialect ForGrpc { get; } = new GrpcDialect();

    internal XdsNamesakes Namesakes { get; } = new();

    /// <summary>Streams that are open now.</summary>
    public int SessionCount
    {
        get
        {
            lock (_gate)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>The revision that is handed out.</summary>
    internal long Revision => Volatile.Read(ref _catalog).Revision;

    /// <summary>Opens a session. Dispose it when the stream ends.</summary>
    public XdsSession<TStream> Open<TStream>(TStream stream, XdsPeer peer)
        where TStream : XdsStream
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(peer);
        var session = new XdsSession<TStream>(stream, this, peer, followers);
        lock (_gate)
        {
            _sessions.Add(session);
            if (ViewOf(peer.Dialect) is { } view)
                ((IXdsSession)session).Offer(view, changed: null);
        }

        return session;
    }

    internal void Detach(IXdsSession session)
    {
        lock (_gate)
        {
            _sessions.Remove(session);
            if (!_sessions.Any(other => other.Dialect == session.Dialect))
                _views.Remove(session.Dialect);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(FollowAsync(stoppingToken), TellAsync(stoppingToken));

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            using var subscription = source.Feed.Subscribe(QueuedUpdates);
            Replace(subscription.Start);
            while (await subscription.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                // What came meanwhile is one step.
                var catalog = _catalog;
                var changed = new HashSet<string>(StringComparer.Ordinal);
                while (subscription.TryRead(out var update))
                {
                    catalog = update!.Catalog;
                    changed.UnionWith(update.Changed);
                }

                Step(catalog, changed);
            }
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        var told = ServingCatalog.Empty;
        using var timer = new PeriodicTimer(QuietPass, time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            if (ReferenceEquals(told, Volatile.Read(ref _catalog)))
                continue;

            told = Volatile.Read(ref _catalog);
            IXdsSession[] sessions;
            lock (_gate)
            {
                sessions = [.. _sessions];
            }

            foreach (var session in sessions)
                session.Tell();
        }
    }

    private void Replace(ServingCatalog catalog)
    {
        lock (_gate)
        {
            Volatile.Write(ref _catalog, catalog);
            // Before anything was loaded nothing is known: nobody is told that there is nothing.
            if (catalog.Generation == Guid.Empty)
                return;

            foreach (var dialect in Spoken())
            {
                _views[dialect] = _views.TryGetValue(dialect, out var view) ? view.Replace(catalog).View : XdsView.Of(dialect, catalog);
                Offer(_views[dialect], changed: null);
            }
        }
    }

    private void Step(ServingCatalog catalog, IReadOnlyCollection<string> services)
    {
        lock (_gate)
        {
            Volatile.Write(ref _catalog, catalog);
            foreach (var dialect in Spoken())
            {
                if (_views.TryGetValue(dialect, out var before))
                {
                    var (view, changed) = before.Next(catalog, services);
                    _views[dialect] = view;
                    Offer(view, changed);
                }
                else if (ViewOf(dialect) is { } first)
                {
                    Offer(first, changed: null);
                }
            }
        }
    }

    private XdsDialect[] Spoken() => [.. _sessions.Select(session => session.Dialect).Distinct()];

    private void Offer(XdsView view, ImmutableArray<XdsKey>? changed)
    {
        foreach (var session in _sessions)
        {
            if (session.Dialect == view.Dialect)
                session.Offer(view, changed);
        }
    }

    private XdsView? ViewOf(XdsDialect dialect)
    {
        if (!_views.TryGetValue(dialect, out var view) && _catalog.Generation != Guid.Empty)
            _views[dialect] = view = XdsView.Of(dialect, _catalog);

        return view;
    }
}
