using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>
/// One service's mass-loss brake. Lost is who served and was then judged unhealthy, by probes or by silence, while no operator had taken it out. More than 15 % and at least 3 of
/// the instances lost inside one window engage it. It releases itself when those still lost of that episode are that many no more; when an operator releases it, the losses
/// so far no longer count.
/// </summary>
/// <remarks>
/// The window is one lease: the longest ttl of the service's instances for a ttl check, else the worst time to detect a failure (fall x interval + timeout), and a tenth more for jitter.
/// </remarks>
internal sealed class MassLossBrake
{
    /// <summary>Fewer instances lost within the window are ordinary, however small the service.</summary>
    public const int AtLeast = 3;

    /// <summary>So many per cent of a service's wanted instances, or fewer, are ordinary losses.</summary>
    public const int OverPercent = 15;

    private readonly Dictionary<string, long> _lost = new(StringComparer.Ordinal);
    private long _episode = long.MaxValue;
    private bool _committed;

    /// <summary>What the registry should say; null = released.</summary>
    public BrakeState? Wanted { get; private set; }

    /// <summary>Nobody is lost and it is released: it can be forgotten.</summary>
    public bool IsIdle => _lost.Count == 0 && Wanted is null;

    /// <summary>An instance is lost.</summary>
    /// <param name="total">Instances of the service that no operator has taken out, the lost ones included.</param>
    public void Lose(string id, long now, long window, int total, DateTimeOffset at)
    {
        _lost[id] = now;
        if (Wanted is null)
        {
            var lost = LostSince(now - window);
            if (IsMass(lost, total))
            {
                Wanted = new(at, lost, total);
                _episode = now - window;
            }
        }
        else
        {
            Wanted = Wanted with { Lost = LostSince(_episode), Total = total };
        }
    }

    /// <summary>An instance has returned, left or was taken out by an operator.</summary>
    public void Return(string id, int total)
    {
        if (_lost.Remove(id) && Wanted is not null && !IsMass(LostSince(_episode), total))
        {
            Release();
        }
    }

    /// <summary>Takes over what the registry says: an engaged brake after a start, an operator's release later. Not while a command about it is under way.</summary>
    /// <param name="lost">Who of the service is unhealthy now; asked only for a brake that was engaged before this process started.</param>
    public void Follow(BrakeState? recorded, long now, Func<IEnumerable<string>> lost)
    {
        if (recorded is null)
        {
            if (Wanted is not null && _committed)
            {
                _lost.Clear();
                Release();
            }

            _committed = false;
            return;
        }

        if (Wanted is null && !_committed)
        {
            Wanted = recorded;
            _episode = long.MinValue;
            foreach (var id in lost())
            {
                _lost.TryAdd(id, now);
            }
        }

        _committed = true;
    }

    /// <summary>The registry has carried out this side's release.</summary>
    public void Released() => _committed = false;

    private static bool IsMass(int lost, int total) => lost >= AtLeast && lost * 100L > (long)OverPercent * total;

    private void Release()
    {
        Wanted = null;
        _episode = long.MaxValue;
    }

    private int LostSince(long from)
    {
        var count = 0;
        foreach (var at in _lost.Values)
        {
            count += at >= from ? 1 : 0;
        }

        return count;
    }
}
