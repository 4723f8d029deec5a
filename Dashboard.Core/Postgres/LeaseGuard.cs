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
            {
                return Decision.Refuse(
                    RefusalKind.Stale,
                    $"Another console has taken over share {fence.Shard} of the health checks: epoch {fence.Epoch} is not the present {(fence.Shard < epochs.Length ? epochs[fence.Shard] : 0)}.");
            }
        }

        return null;
    }
}
