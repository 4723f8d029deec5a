using System.Collections.Immutable;

namespace Dashboard.Core.Health.Leases;

/// <summary>The share of the health checks that is this console's now. Written by the lease keeper, read by the monitor before every probe.</summary>
public sealed class HealthShare(TimeProvider time, Ownership initial)
{
    private Ownership _held = initial;

    /// <summary>Raised after the share was set, on the keeper's thread; a handler is quick.</summary>
    public event Action? Changed;

    /// <summary>What is held; nothing once its time is over, whether the keeper noticed or not.</summary>
    public Ownership Current => Volatile.Read(ref _held) is var held && time.GetTimestamp() < held.Until ? held : Ownership.None;

    /// <summary>True while a console that this one hears can write to Postgres. Then it may take over what this one cannot renew.</summary>
    public bool PeerReachesStore { get; set; }

    /// <summary>Shares that consoles which this one hears hold, with their epochs, as they last said.</summary>
    public IReadOnlyDictionary<int, long> PeerShares { get; set; } = ImmutableDictionary<int, long>.Empty;

    internal void Set(Ownership held)
    {
        Volatile.Write(ref _held, held);
        Changed?.Invoke();
    }
}
