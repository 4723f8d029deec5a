using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Dashboard.Core.Discovery;

/// <summary>
/// Who follows the registry and which revision each has taken. In memory; fed by every protocol's endpoint, and by the other consoles on the same registry with what
/// only they hear.
/// </summary>
public sealed class FollowerTable(TimeProvider time)
{
    /// <summary>Who followed a service within this time has to acknowledge a change of it.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromMinutes(15);

    /// <summary>A follower that is gone is forgotten after this time.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>More are not kept: whoever makes up names must not fill the memory.</summary>
    public const int Capacity = 20_000;

    private readonly ConcurrentDictionary<string, Follower> _followers = new(StringComparer.Ordinal);
    private readonly RelayedFollowers _relayed = new(time);
    private readonly TimeProvider _time = time;
    private long _turnedAway;
    private TaskCompletionSource? _pulse;

    // How far apart the clocks of two consoles may be when one's commit is compared with what the other saw.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(5);

    /// <summary>Raised with a follower's id after something about it changed here, and not at another console. A handler is quick and throws nothing.</summary>
    public event Action<string>? Changed;

    /// <summary>Raised with the id of one that an operator of this console forgot.</summary>
    public event Action<string>? Forgotten;

    /// <summary>Addresses of consoles that are there and are not heard: who follows them, and what those have taken, is unknown. Empty with one console.</summary>
    public ImmutableArray<string> Unheard { get; set; } = [];

    /// <summary>Everyone known, by id.</summary>
    public ImmutableArray<Follower> Current => [.. Known.OrderBy(follower => follower.Id, StringComparer.Ordinal)];

    /// <summary>Those that follow this console itself.</summary>
    public IEnumerable<Follower> Own => _followers.Values;

    private IEnumerable<Follower> Known => _relayed.IsEmpty
        ? _followers.Values
        : _followers.Values.Concat(_relayed.All.Select(relayed => relayed.Follower)).GroupBy(follower => follower.Id, StringComparer.Ordinal).Select(words => words.Aggregate((one, other) => one.With(other)));

    public int Count => _followers.Count;

    /// <summary>How often a new follower was not noted because the table was full, since the start.</summary>
    public long TurnedAway => Interlocked.Read(ref _turnedAway);

    public Follower? Find(string id)
    {
        var own = _followers.GetValueOrDefault(id);
        return _relayed.IsEmpty ? own : _relayed.Find(id).Aggregate(own, (one, other) => one is null ? other : one.With(other));
    }

    /// <summary>One that follows this console itself.</summary>
    public Follower? FindOwn(string id) => _followers.GetValueOrDefault(id);

    /// <summary>
    /// Ids of those that followed one of these services at another console before a commit, but were heard of here only after it: whoever decided could not count them.
    /// </summary>
    public ImmutableArray<string> HeardTooLate(IReadOnlyCollection<string> services, DateTimeOffset committed) => _relayed.IsEmpty ? [] :
    [
        .. _relayed.All
            .Where(relayed => relayed.FirstHeard >= committed - ClockTolerance && relayed.Follower.Since <= committed + ClockTolerance
                && relayed.Follower.CanConfirm && services.Any(relayed.Follower.Follows))
            .Select(relayed => relayed.Follower.Id)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Another console tells of its followers. Not for many threads about one console.</summary>
    /// <param name="all">These are all that it has; else they are those about whom something is new.</param>
    /// <param name="gone">Ids of those that it does not know any more.</param>
    public void Hear(Guid console, bool all, IReadOnlyCollection<Follower> followers, IReadOnlyCollection<string> gone)
    {
        _relayed.Hear(console, all, followers, gone);
        Pulse();
    }

    /// <summary>Another console is not heard any more. Its followers stay known, but nobody tells what they do.</summary>
    public void FallSilent(Guid console) => _relayed.FallSilent(console);

    /// <summary>
    /// Ids of those whose acknowledgement counts for a change of any of these services: who is connected or was heard of within <see cref="Recent"/>.
    /// Those that cannot confirm what they hold, like DNS clients, are left out.
    /// </summary>
    public ImmutableArray<string> FollowersOf(IReadOnlyCollection<string> services)
    {
        ArgumentNullException.ThrowIfNull(services);
        var since = _time.GetUtcNow() - Recent;
        return [.. Known
            .Where(follower => follower.CanConfirm && (follower.Connected || follower.LastSeen >= since) && services.Any(follower.Follows))
            .Select(follower => follower.Id)
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>How many follow one of these services, now or within <see cref="Recent"/>, that cannot confirm what they hold.</summary>
    public int CountUnconfirming(IReadOnlyCollection<string> services)
    {
        ArgumentNullException.ThrowIfNull(services);
        var since = _time.GetUtcNow() - Recent;
        var count = 0;
        foreach (var follower in Known)
        {
            if (!follower.CanConfirm && (follower.Connected || follower.LastSeen >= since) && services.Any(follower.Follows))
                count++;
        }

        return count;
    }

    /// <summary>Notes that a follower is there. Call when it connects and at each of its requests.</summary>
    /// <param name="services">The services it follows; null = all.</param>
    /// <param name="reports">It reports its traffic.</param>
    /// <param name="dueBy">When it is to be taken for gone unless it comes back; null = it says when it goes.</param>
    /// <param name="canConfirm">It says what it has taken; false for one that has no way to. A DNS client never has.</param>
    public void Seen(string id, FollowerKind kind, string? address, ImmutableHashSet<string>? services, bool reports, DateTimeOffset? dueBy = null, bool canConfirm = true)
    {
        var now = _time.GetUtcNow();
        if (_followers.Count >= Capacity && !_followers.ContainsKey(id))
        {
            Interlocked.Increment(ref _turnedAway);
            return;
        }

        _followers.AddOrUpdate(
            id,
            key => new()
            {
                Id = key,
                Kind = kind,
                Address = address,
                Services = services,
                Reports = reports,
                CanConfirm = canConfirm && kind != FollowerKind.Dns,
                Connected = true,
                Since = now,
                LastSeen = now,
                DueBy = dueBy,
            },
            (_, known) => known with
            {
                Kind = kind,
                Address = address ?? known.Address,
                // A polling client asks for one service at a time: what it follows is the union of what it asked for.
                Services = services is null || known.Services is null ? services : known.Services.Union(services),
                Reports = reports || known.Reports,
                CanConfirm = canConfirm && kind != FollowerKind.Dns,
                Connected = true,
                LastSeen = now,
                DueBy = dueBy,
            });
        Changed?.Invoke(id);
    }

    /// <summary>Notes that a follower opened a stream. It stays connected until the result, or its last stream's, is disposed.</summary>
    /// <param name="canConfirm">See <see cref="Seen"/>.</param>
    public IDisposable Open(string id, FollowerKind kind, string? address, ImmutableHashSet<string>? services, bool reports, bool canConfirm = true)
    {
        Seen(id, kind, address, services, reports, canConfirm: canConfirm);
        Update(id, known => known with { Streams = known.Streams + 1, Services = services });
        return new OpenStream(this, id);
    }

    /// <summary>Notes that a follower with an open stream now follows these services.</summary>
    public void Follow(string id, ImmutableHashSet<string>? services)
    {
        var now = _time.GetUtcNow();
        Update(id, known => known with { Services = services, LastSeen = now });
    }

    /// <summary>Notes that a follower has taken a revision. Unknown followers and older revisions of the same generation are ignored.</summary>
    public void Acknowledge(string id, Guid generation, long revision)
    {
        var now = _time.GetUtcNow();
        Update(id, known => known.Generation == generation && known.Acknowledged >= revision
            ? known with { LastSeen = now }
            : known with
            {
                Generation = generation,
                Acknowledged = revision,
                AcknowledgedAt = now,
                AcknowledgedByService = null,
                LastSeen = now,
                // A refusal of something older is history once something newer was taken.
                LastRefusal = known.RefusedRevision <= revision ? null : known.LastRefusal,
                RefusedRevision = known.RefusedRevision <= revision ? null : known.RefusedRevision,
            });
        Pulse();
    }

    /// <summary>Notes that a follower that asks for each service by itself has taken a revision of one: that says nothing of the others.</summary>
    public void Acknowledge(string id, Guid generation, string service, long revision)
    {
        var now = _time.GetUtcNow();
        Update(id, known =>
        {
            var each = (known.Generation == generation ? known.AcknowledgedByService : null) ?? ImmutableDictionary<string, long>.Empty;
            return each.GetValueOrDefault(service) >= revision
                ? known with { LastSeen = now }
                : known with
                {
                    Generation = generation,
                    Acknowledged = known.Generation == generation ? Math.Max(known.Acknowledged, revision) : revision,
                    AcknowledgedAt = now,
                    AcknowledgedByService = each.SetItem(service, revision),
                    LastSeen = now,
                };
        });
        Pulse();
    }

    /// <summary>
    /// Notes which revision a follower has taken of each of its services, where these differ: it refused something. What it refused stays until it has taken everything again.
    /// </summary>
    /// <param name="lowest">The revision up to which it has taken everything.</param>
    public void Acknowledge(string id, Guid generation, ImmutableDictionary<string, long> byService, long lowest)
    {
        ArgumentNullException.ThrowIfNull(byService);
        var now = _time.GetUtcNow();
        Update(id, known => known with
        {
            Generation = generation,
            Acknowledged = lowest,
            AcknowledgedAt = now,
            AcknowledgedByService = byService,
            LastSeen = now,
        });
        Pulse();
    }

    /// <summary>A task that completes when the next acknowledgement or refusal was noted. Take it, then look, then await it.</summary>
    public Task NextAcknowledgement()
    {
        var pulse = Volatile.Read(ref _pulse);
        if (pulse is null)
        {
            var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            pulse = Interlocked.CompareExchange(ref _pulse, fresh, null) ?? fresh;
        }

        return pulse.Task;
    }

    /// <summary>Notes that a follower refused a revision, and why.</summary>
    public void Refuse(string id, long revision, string reason)
    {
        var now = _time.GetUtcNow();
        Update(id, known => known with { LastRefusal = reason, RefusedRevision = revision, LastSeen = now });
        Pulse();
    }

    /// <summary>Notes that a report came.</summary>
    public void Reported(string id)
    {
        var now = _time.GetUtcNow();
        Update(id, known => known with { Reports = true, LastReport = now, LastSeen = now });
    }

    /// <summary>Notes that its connection is gone. It stays known.</summary>
    public void Disconnected(string id) => Update(id, known => known with { Connected = known.Streams > 0 });

    /// <summary>Drops a follower. An operator's act, audited by the caller.</summary>
    /// <param name="relayed">The act was another console's.</param>
    public bool Forget(string id, bool relayed = false)
    {
        var known = _relayed.Forget(id);
        if (_followers.TryRemove(id, out _))
        {
            known = true;
            Changed?.Invoke(id);
        }

        if (!relayed)
            Forgotten?.Invoke(id);
        return known;
    }

    /// <summary>Marks those as gone that did not come back in time, and forgets those that have been gone for <see cref="Kept"/>.</summary>
    public void Expire()
    {
        var now = _time.GetUtcNow();
        foreach (var (id, follower) in _followers)
        {
            if (follower is { Connected: true, Streams: 0 } && follower.DueBy < now)
                Update(id, known => known.DueBy < now && known.Streams == 0 ? known with { Connected = false } : known);
            else if (!follower.Connected && follower.LastSeen < now - Kept && _followers.TryRemove(new(id, follower)))
                Changed?.Invoke(id);
        }

        _relayed.Expire(now - Kept, _followers.ContainsKey);
    }

    private void Pulse() => Interlocked.Exchange(ref _pulse, null)?.TrySetResult();

    private void Update(string id, Func<Follower, Follower> update)
    {
        // One that came to another console and now speaks to this one, for example through a load balancer.
        if (!_relayed.IsEmpty && !_followers.ContainsKey(id) && _relayed.Find(id).FirstOrDefault() is { } relayed)
            _followers.TryAdd(id, relayed with { Console = null, Connected = false, Streams = 0 });

        while (_followers.TryGetValue(id, out var known))
        {
            if (_followers.TryUpdate(id, update(known), known))
            {
                Changed?.Invoke(id);
                return;
            }
        }
    }

    private sealed class OpenStream(FollowerTable table, string id) : IDisposable
    {
        private int _closed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _closed, 1) == 0)
            {
                var now = table._time.GetUtcNow();
                table.Update(id, known => known with { Streams = Math.Max(0, known.Streams - 1), Connected = known.Streams > 1, LastSeen = now });
            }
        }
    }
}
