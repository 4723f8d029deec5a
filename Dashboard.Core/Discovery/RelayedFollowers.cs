using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Dashboard.Core.Discovery;

/// <summary>
/// What other consoles tell of those that follow them. Of a console that fell silent its followers stay known, as not connected: what they take or send is told by nobody.
/// Written by one loop for each console, read by many.
/// </summary>
internal sealed class RelayedFollowers(TimeProvider time)
{
    private readonly ConcurrentDictionary<Guid, ImmutableDictionary<string, RelayedFollower>> _consoles = new();

    public bool IsEmpty => _consoles.IsEmpty;

    public IEnumerable<RelayedFollower> All => _consoles.Values.SelectMany(console => console.Values);

    public IEnumerable<Follower> Find(string id) => _consoles.Values.Select(console => console.GetValueOrDefault(id)?.Follower).OfType<Follower>();

    /// <summary>A console tells of some of its followers, or with <paramref name="all"/> of all that it has.</summary>
    public void Hear(Guid console, bool all, IEnumerable<Follower> followers, IEnumerable<string> gone)
    {
        var known = _consoles.GetValueOrDefault(console) ?? ImmutableDictionary<string, RelayedFollower>.Empty;
        var now = time.GetUtcNow();
        var next = all ? ImmutableDictionary.CreateBuilder<string, RelayedFollower>(StringComparer.Ordinal) : known.ToBuilder();
        foreach (var follower in followers)
            next[follower.Id] = new(follower, known.GetValueOrDefault(follower.Id)?.FirstHeard ?? now, IsSilent: false);
        next.RemoveRange(gone);
        _consoles[console] = next.ToImmutable();
    }

    public void FallSilent(Guid console)
    {
        if (_consoles.TryGetValue(console, out var known))
            _consoles[console] = known.ToImmutableDictionary(pair => pair.Key, pair => pair.Value with { IsSilent = true, Follower = pair.Value.Follower with { Connected = false, Streams = 0 } }, StringComparer.Ordinal);
    }

    public bool Forget(string id)
    {
        var any = false;
        foreach (var (console, known) in _consoles)
        {
            if (known.ContainsKey(id))
                any |= _consoles.TryUpdate(console, known.Remove(id), known);
        }

        return any;
    }

    /// <summary>Drops what a silent console last told of those that have come to another since, or were not heard of for long.</summary>
    public void Expire(DateTimeOffset before, Func<string, bool> isHere)
    {
        var heard = All.Where(relayed => !relayed.IsSilent).Select(relayed => relayed.Follower.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var (console, known) in _consoles)
        {
            var kept = known.RemoveRange(known.Values
                .Where(relayed => relayed.IsSilent && (relayed.Follower.LastSeen < before || heard.Contains(relayed.Follower.Id) || isHere(relayed.Follower.Id)))
                .Select(relayed => relayed.Follower.Id));
            if (kept.IsEmpty && known.Values.All(relayed => relayed.IsSilent))
                _consoles.TryRemove(new(console, known));
            else if (kept.Count != known.Count)
                _consoles.TryUpdate(console, kept, known);
        }
    }
}

/// <summary>A follower of another console.</summary>
/// <param name="FirstHeard">When this console first heard of it.</param>
/// <param name="IsSilent">Its console is not heard any more.</param>
internal sealed record RelayedFollower(Follower Follower, DateTimeOffset FirstHeard, bool IsSilent);
