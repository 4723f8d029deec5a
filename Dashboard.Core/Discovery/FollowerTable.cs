using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Dashboard.Core.Discovery;

/// <summary>Who follows the registry and which revision each has taken. In memory; fed by every protocol's endpoint.</summary>
public sealed class FollowerTable(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Follower> _followers = new(StringComparer.Ordinal);

    /// <summary>Everyone known, by id.</summary>
    public ImmutableArray<Follower> Current => [.. _followers.Values.OrderBy(follower => follower.Id, StringComparer.Ordinal)];

    public Follower? Find(string id) => _followers.GetValueOrDefault(id);

    /// <summary>Notes that a follower is there. Call when it connects and at each of its requests.</summary>
    /// <param name="services">The services it follows; null = all.</param>
    /// <param name="reports">It reports its traffic.</param>
    public void Seen(string id, FollowerKind kind, string? address, ImmutableHashSet<string>? services, bool reports)
    {
        var now = time.GetUtcNow();
        _followers.AddOrUpdate(
            id,
            key => new() { Id = key, Kind = kind, Address = address, Services = services, Reports = reports, Connected = true, Since = now, LastSeen = now },
            (_, known) => known with
            {
                Kind = kind,
                Address = address ?? known.Address,
                // A polling client asks for one service at a time: what it follows is the union of what it asked for.
                Services = services is null || known.Services is null ? services : known.Services.Union(services),
                Reports = reports || known.Reports,
                Connected = true,
                LastSeen = now,
            });
    }

    /// <summary>Notes that a follower has taken a revision. Unknown followers and older revisions of the same generation are ignored.</summary>
    public void Acknowledge(string id, Guid generation, long revision)
    {
        var now = time.GetUtcNow();
        Update(id, known => known.Generation == generation && known.Acknowledged >= revision
            ? known with { LastSeen = now }
            : known with { Generation = generation, Acknowledged = revision, AcknowledgedAt = now, LastSeen = now });
    }

    /// <summary>Notes that a follower refused a revision, and why.</summary>
    public void Refuse(string id, long revision, string reason) =>
        Update(id, known => known with { LastRefusal = reason, RefusedRevision = revision, LastSeen = time.GetUtcNow() });

    /// <summary>Notes that a report came.</summary>
    public void Reported(string id) => Update(id, known => known with { Reports = true, LastReport = time.GetUtcNow(), LastSeen = time.GetUtcNow() });

    /// <summary>Notes that its connection is gone. It stays known.</summary>
    public void Disconnected(string id) => Update(id, known => known with { Connected = false });

    /// <summary>Drops a follower. An operator's act, audited by the caller.</summary>
    public bool Forget(string id) => _followers.TryRemove(id, out _);

    private void Update(string id, Func<Follower, Follower> update)
    {
        while (_followers.TryGetValue(id, out var known) && !_followers.TryUpdate(id, update(known), known))
        {
        }
    }
}
