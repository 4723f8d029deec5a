using System.Collections.Immutable;

namespace Dashboard.Core.Health.Leases;

/// <summary>Who is there and who holds what, as stored at one moment.</summary>
/// <param name="Replicas">Consoles that were seen within one lease, by id; the one that asks is among them.</param>
/// <param name="Leases">Every share, in order.</param>
public sealed record LeaseRoll(ImmutableArray<Replica> Replicas, ImmutableArray<Lease> Leases)
{
    public static LeaseRoll Empty { get; } = new([], []);

    /// <summary>The most shares that one of the present consoles holds when they are divided evenly.</summary>
    public int FairShare => (HealthShard.Count + Math.Max(1, Replicas.Length) - 1) / Math.Max(1, Replicas.Length);

    public ImmutableArray<int> HeldBy(Guid replica) => [.. Leases.Where(lease => lease.Owner == replica).Select(lease => lease.Shard)];

    /// <summary>What a console with less than its part should take: free shares, up to its part.</summary>
    public ImmutableArray<int> ToTake(Guid replica) =>
        [.. Leases.Where(lease => lease.IsFree && lease.Owner != replica).Select(lease => lease.Shard).Take(Math.Max(0, FairShare - HeldBy(replica).Length))];

    /// <summary>What a console with more than its part should give up: the last of what it holds.</summary>
    public ImmutableArray<int> ToGiveUp(Guid replica) => HeldBy(replica) is var held && held.Length > FairShare ? held[FairShare..] : [];
}
