namespace Dashboard.Core.Registry;

/// <summary>What became of a command.</summary>
public abstract record CommandResult
{
    private CommandResult()
    {
    }

    /// <summary>Durable in Postgres.</summary>
    /// <param name="Revision">Its revision; when nothing had to change, the snapshot's.</param>
    /// <param name="Change">What was written; null when nothing had to change.</param>
    /// <param name="Snapshot">The registry right after it.</param>
    /// <param name="Operation">The operation it opened or found open.</param>
    public sealed record Committed(long Revision, RegistryChange? Change, RegistrySnapshot Snapshot, long? Operation) : CommandResult;

    public sealed record Refused(Refusal Refusal, RegistrySnapshot Snapshot) : CommandResult;

    /// <summary>Postgres is away and the health transition was applied in memory; it is committed when Postgres returns.</summary>
    public sealed record Overlaid(RegistrySnapshot Snapshot) : CommandResult;

    /// <summary>Postgres is away or the queue is full: nothing was written.</summary>
    public sealed record Unavailable(string Because, TimeSpan RetryAfter) : CommandResult;
}
