namespace Dashboard.Core.Health.Leases;

/// <summary>One share as it is stored.</summary>
/// <param name="Owner">Null = nobody's.</param>
/// <param name="Epoch">Rises with each new owner.</param>
/// <param name="HasEnded">Nobody renewed it in time.</param>
public sealed record Lease(int Shard, Guid? Owner, long Epoch, bool HasEnded)
{
    public bool IsFree => Owner is null || HasEnded;
}
