using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>
/// Which streams are open under one node id. There should be one, but two proxies may be configured with the same id, and one that comes back may be here before its old connection is seen to be dead.
/// They are one follower, which has taken only what all of them have taken: a change is never called acknowledged while one of them still sends by the old one. Safe for many threads.
/// </summary>
internal sealed class XdsNamesakes
{
    private readonly ConcurrentDictionary<string, ImmutableArray<IXdsSession>> _open = new(StringComparer.Ordinal);

    public void Join(IXdsSession session) => _open.AddOrUpdate(session.Id, static (_, session) => [session], static (_, others, session) => others.Add(session), session);

    /// <summary>Takes a session out.</summary>
    /// <returns>Those that are still open under its id: what all have taken may have grown.</returns>
    public ImmutableArray<IXdsSession> Leave(IXdsSession session)
    {
        while (_open.TryGetValue(session.Id, out var open))
        {
            var rest = open.Remove(session);
            if (rest.IsEmpty ? _open.TryRemove(new(session.Id, open)) : _open.TryUpdate(session.Id, rest, open))
                return rest;
        }

        return [];
    }

    /// <summary>What all of this id have taken; null while that cannot be said. One that asked for no service yet does not count.</summary>
    public XdsTaken? TakenByAll(string id)
    {
        XdsTaken? all = null;
        foreach (var session in _open.GetValueOrDefault(id, []))
        {
            if (session.Taken is not { } taken)
                continue;

            if ((all = all is null ? taken : all.And(taken)) is null)
                return null;
        }

        return all;
    }

    /// <summary>The services that any of this id follow.</summary>
    public ImmutableHashSet<string> Services(string id) =>
        _open.GetValueOrDefault(id, []) switch
        {
            [] => [],
            [var only] => only.Services,
            var all => all.Aggregate(ImmutableHashSet<string>.Empty, (services, session) => services.Union(session.Services)),
        };
}
