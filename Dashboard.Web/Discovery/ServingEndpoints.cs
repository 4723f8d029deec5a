using System.Globalization;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Discovery;

/// <summary><c>GET /services/{s}/endpoints</c>: who serves now, or as soon as that is something else than the client knows.</summary>
internal sealed class ServingEndpoints(
    RegistryServingSource source,
    EndpointWaiters waiters,
    FollowerTable followers,
    ServingBytes bytes,
    IHostApplicationLifetime lifetime,
    TimeProvider time) : IDisposable
{
    public const string RevisionHeader = "X-Registry-Revision";
    public const string GenerationHeader = "X-Registry-Generation";

    /// <summary>What to pass as <c>index</c>; it also tells generations and health overlays apart.</summary>
    public const string IndexHeader = "X-Registry-Index";

    /// <summary>Since when the answer may be out of date; only while Postgres is away.</summary>
    public const string StaleHeader = "X-Registry-Stale-Since";

    /// <summary>The longest time that a client may wait for a change.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    // Longer than changes are ever gathered before they are told, and no reader's loss should that fail.
    private static readonly TimeSpan LongestGathering = TimeSpan.FromSeconds(1);

    // How long after its answer a client that asks again and again still counts as connected.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    // The console stops: its clients are told what holds now rather than kept.
    private readonly CancellationTokenRegistration _stopping = lifetime.ApplicationStopping.Register(waiters.Release);

    public void Dispose() => _stopping.Dispose();

    public async Task<IResult> GetAsync(HttpContext http)
    {
        var input = RequestInput.Without(http);
        var service = input.Service();
        WatchEventId? known = null;
        input.Query("index", text => TryParseIndex(text, out known) ? null : $"must be a revision, or what {IndexHeader} said");
        var wait = input.QueryDuration("wait", TimeSpan.Zero, LongestWait) ?? TimeSpan.Zero;
        var identity = FollowerIdentity.Of(http, input);
        if (input.Problem is { } problem)
            return problem;

        await CatchUpAsync(service, http.RequestAborted);
        return await AnswerAsync(http, identity, service, known, wait);
    }

    /// <summary>Whoever got the answer to a change, reads that change.</summary>
    private async ValueTask CatchUpAsync(string service, CancellationToken cancellationToken)
    {
        if (!source.IsBehind(service))
            return;

        var deadline = time.GetUtcNow() + LongestGathering;
        var change = waiters.NextChange(service);
        while (source.IsBehind(service) && deadline - time.GetUtcNow() is { Ticks: > 0 } left && await waiters.WaitAsync(change, left, time, cancellationToken))
            change = waiters.NextChange(service);
    }

    /// <summary>Notes who asks, and answers as soon as the service is something else than what is known, or when the wait is over.</summary>
    public Task<IResult> AnswerAsync(HttpContext http, FollowerIdentity identity, string service, WatchEventId? known, TimeSpan wait)
    {
        if (source.Feed.Current.Services.ContainsKey(service))
            Note(identity, service, known, wait);

        return AnswerAsync(http, service, known, time.GetUtcNow() + wait);
    }

    // Ten thousand may be in here at once: each costs what this holds while it waits.
    private async Task<IResult> AnswerAsync(HttpContext http, string service, WatchEventId? known, DateTimeOffset deadline)
    {
        while (true)
        {
            // A gate is kept until its service changes: none for names that nobody registered.
            var change = source.Feed.Current.Services.ContainsKey(service) ? waiters.NextChange(service) : Task.CompletedTask;
            var catalog = source.Feed.Current;
            if (catalog.Generation == Guid.Empty)
                return Problems.NotLoaded();

            if (!catalog.Services.TryGetValue(service, out var set))
                return source.IsWithheld || (known is { } held && source.MustKeep(held.Generation)) ? Withheld : Problems.NoService(service, catalog.Revision);

            var left = deadline - time.GetUtcNow();
            if (known is not { } index || left <= TimeSpan.Zero || waiters.IsReleased || IsNews(index, catalog, set))
                return new ServingAnswer(bytes.Of(set), catalog, source.StaleSince, time);

            if (!await waiters.WaitAsync(change, left, time, http.RequestAborted))
                known = null;
        }
    }

    private static IResult Withheld => Problems.Unavailable("The registry began anew and empty, and no operator has confirmed it yet: keep what you hold.", TimeSpan.FromSeconds(5));

    private static bool IsNews(WatchEventId index, ServingCatalog catalog, ServingSet set) =>
        index.Generation != Guid.Empty && index.Generation != catalog.Generation
        || index.Revision > catalog.Revision
        || set.Revision > index.Revision
        || index.Overlay >= 0 && index.Overlay != catalog.Overlay;

    private void Note(FollowerIdentity identity, string service, WatchEventId? known, TimeSpan wait)
    {
        if (identity.Id is not { } id)
            return;

        followers.Seen(id, identity.KindOr(FollowerKind.Http), identity.Address, [service], identity.IsGateway, time.GetUtcNow() + wait + Grace);
        var catalog = source.Feed.Current;
        if (known is { } index && index.Revision <= catalog.Revision && (index.Generation == Guid.Empty || index.Generation == catalog.Generation))
            followers.Acknowledge(id, catalog.Generation, service, index.Revision);
    }

    /// <summary>Reads what a client passes as <c>index</c>. A bare revision says nothing of generation and overlay: those then do not count.</summary>
    public static bool TryParseIndex(ReadOnlySpan<char> text, out WatchEventId? index)
    {
        index = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? new(Guid.Empty, revision, -1)
            : WatchEventId.TryParse(text, out var full) ? full
            : null;
        return index is not null;
    }
}
