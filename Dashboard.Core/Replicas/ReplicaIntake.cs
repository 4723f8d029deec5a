using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Replicas.Wire;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Replicas;

/// <summary>
/// Takes what other consoles tell to where this console keeps what it hears itself, and says of whom nothing is heard: what such a console would have said is
/// unknown, never zero.
/// </summary>
public sealed class ReplicaIntake(FollowerTable followers, TrafficStore traffic, Heartbeats heartbeats, IHealthOverlays overlays, HealthShare share, TimeProvider time, SignInMark? mark = null)
{
    // Guards what follows; held for a few assignments.
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, ReplicaFrame> _heard = [];
    private readonly HashSet<Guid> _signInElsewhere = [];
    private ImmutableArray<Replica> _present = [];
    private ImmutableArray<long> _told;

    /// <summary>Ids of the consoles that are heard now.</summary>
    public ImmutableArray<Guid> Heard
    {
        get
        {
            lock (_gate)
            {
                return [.. _heard.Keys];
            }
        }
    }

    /// <summary>Ids of the consoles that are heard now and where another token signs in: what is signed in at one is refused by the other.</summary>
    public ImmutableArray<Guid> OtherSignIn
    {
        get
        {
            lock (_gate)
            {
                return [.. _signInElsewhere];
            }
        }
    }

    /// <summary>Says which other consoles are there, so that the silent among them are known.</summary>
    public void Expect(IEnumerable<Replica> present)
    {
        ArgumentNullException.ThrowIfNull(present);
        ImmutableArray<Replica> left;
        lock (_gate)
        {
            ImmutableArray<Replica> now = [.. present];
            left = _present.RemoveAll(replica => now.Any(other => other.Id == replica.Id) || _heard.ContainsKey(replica.Id));
            _present = now;
            Judge();
        }

        foreach (var replica in left)
            overlays.Forget(replica.Id);
        TellEpochs();
    }

    /// <summary>Takes one line of a console's stream.</summary>
    public void Take(Replica from, ReplicaFrame frame)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(frame);
        var now = time.GetUtcNow();
        if (frame.Full || frame.Followers.Count > 0 || frame.Gone.Count > 0)
            followers.Hear(from.Id, frame.Full, [.. frame.Followers.Select(word => word.ToFollower(from.Url, now))], frame.Gone);
        foreach (var id in frame.Forgotten)
            followers.Forget(id, relayed: true);
        foreach (var document in frame.Reports)
        {
            if (document.ToReport(out _) is { } report)
                traffic.Accept(report, relayed: true);
        }

        foreach (var beat in frame.Heartbeats)
            heartbeats.Relay(new(beat.Service, beat.Instance), beat.Outcome, beat.Output, TimeSpan.FromMilliseconds(beat.AgeMs));

        lock (_gate)
        {
            if (frame.SignIn is { } theirs && mark?.Current is { } ours && theirs != ours)
                _signInElsewhere.Add(from.Id);
            // After what it tells: whoever sees it as heard sees its followers too.
            _heard[from.Id] = frame with { Followers = [], Gone = [], Reports = [], Heartbeats = [], Overlay = null };
            Judge();
        }

        // After the epochs that it knows of: by those it may be out of date itself.
        TellEpochs();
        if (frame.Overlay is { } overlay)
            overlays.Hear(from.Id, overlay.ToWord());
    }

    /// <summary>A console is not heard any more.</summary>
    public void FallSilent(Guid console)
    {
        lock (_gate)
        {
            _heard.Remove(console);
            _signInElsewhere.Remove(console);
            Judge();
        }

        followers.FallSilent(console);
    }

    private void TellEpochs()
    {
        lock (_gate)
        {
            // The same array as long as nothing is new.
            if (share.Epochs is var epochs && epochs == _told)
                return;
            _told = epochs;
            overlays.Know(epochs);
        }
    }

    private void Judge()
    {
        ImmutableArray<string> unheard = [.. _present.Where(replica => !_heard.ContainsKey(replica.Id)).Select(replica => replica.Url)];
        if (!followers.Unheard.AsSpan().SequenceEqual(unheard.AsSpan()))
            followers.Unheard = unheard;
        heartbeats.IsPartial = !unheard.IsEmpty;
        share.PeerReachesStore = _heard.Values.Any(frame => frame.ReachesStore);
        share.PeerShares = _heard.Values.SelectMany(frame => frame.Shares).GroupBy(pair => pair.Key).ToImmutableDictionary(pairs => pairs.Key, pairs => pairs.Max(pair => pair.Value));
    }
}
