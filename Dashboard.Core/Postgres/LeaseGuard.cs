using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres;

/// <summary>Keeps out what a console sent under a lease that another has taken over since.</summary>
internal static class LeaseGuard
{
    /// <summary>The refusal of a command with an old epoch; null = it may be decided.</summary>
    /// <param name="epochs">The stored epochs by share, read under the head's lock; null = not asked yet.</param>
    public static Decision? Check(RegistryCommand command, long[]? epochs)
    {
        if (epochs is null)
            return null;

        foreach (var fence in command.Fences)
        {
            if (fence.Shard >= epochs.Length || epochs[fence.Shard] != fence.Epoch)
                return Refuse(fence, fence.Shard < epochs.Length ? epochs[fence.Shard] : 0);
        }

        return null;
    }

    /// <summary>The refusal of a command that is to be seen in memory alone, while the stored epochs cannot be asked; null = it may be decided.</summary>
    /// <param name="known">The latest epochs that are known.</param>
    public static Decision? CheckKnown(RegistryCommand command, ImmutableArray<long> known)
    {
        foreach (var fence in command.Fences)
        {
            if (IsLate(fence, known))
                return Refuse(fence, known[fence.Shard]);
        }

        return null;
    }

    /// <summary>Whether a share is known to have had another owner since.</summary>
    public static bool IsLate(LeaseFence fence, ImmutableArray<long> known) => fence.Shard < known.Length && fence.Epoch < known[fence.Shard];

    private static Decision Refuse(LeaseFence fence, long present) => Decision.Refuse(
        RefusalKind.Stale, $"Another console has taken over share {fence.Shard} of the health checks: epoch {fence.Epoch} is not the present {present}.");
}
