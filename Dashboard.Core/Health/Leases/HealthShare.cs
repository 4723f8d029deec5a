using System.Collections.Immutable;

namespace Dashboard.Core.Health.Leases;

/// <summary>The share of the health checks that is this console's now. Written by the lease keeper, read by the monitor before every probe.</summary>
public sealed class HealthShare(TimeProvider time, Ownership initial)
{
    // Guards what is known of epochs.
    private readonly Lock _gate = new();
    private Ownership _held = initial;
    private IReadOnlyDictionary<int, long> _peerShares = ImmutableDictionary<int, long>.Empty;
    private ImmutableArray<long> _epochs = ImmutableArray.CreateRange(Enumerable.Repeat(0L, HealthShard.Count));

    /// <summary>Raised after the share was set, on the keeper's thread; a handler is quick.</summary>
    public event Action? Changed;

    /// <summary>What is held; nothing once its time is over, whether the keeper noticed or not.</summary>
    public Ownership Current => Volatile.Read(ref _held) is var held && time.GetTimestamp() < held.Until ? held : Ownership.None;

    /// <summary>True while a console that this one hears can write to Postgres. Then it may take over what this one cannot renew.</summary>
    public bool PeerReachesStore { get; set; }

    /// <summary>Shares that consoles which this one hears hold, with their epochs, as they last said.</summary>
    public IReadOnlyDictionary<int, long> PeerShares
    {
        get
        {
            lock (_gate)
            {
                return _peerShares;
            }
        }

        set
        {
            lock (_gate)
            {
                _peerShares = value;
                Know(_epochs);
            }
        }
    }

    /// <summary>The latest epoch of each share that is known here: as it was last read from the store, or as a console said since. The same array as long as nothing is new.</summary>
    public ImmutableArray<long> Epochs
    {
        get
        {
            lock (_gate)
            {
                return _epochs;
            }
        }
    }

    /// <summary>What the store says. It counts also where it is less: a restored one may have begun anew.</summary>
    internal void Read(LeaseRoll roll)
    {
        var stored = new long[HealthShard.Count];
        foreach (var lease in roll.Leases.Where(lease => lease.Shard < stored.Length))
            stored[lease.Shard] = lease.Epoch;
        lock (_gate)
        {
            Know([.. stored]);
        }
    }

    // Expects the gate.
    private void Know(ImmutableArray<long> atLeast)
    {
        ImmutableArray<long> now = [.. atLeast.Select((epoch, shard) => Math.Max(epoch, _peerShares.GetValueOrDefault(shard)))];
        if (!now.AsSpan().SequenceEqual(_epochs.AsSpan()))
            _epochs = now;
    }

    internal void Set(Ownership held)
    {
        Volatile.Write(ref _held, held);
        Changed?.Invoke();
    }
}
