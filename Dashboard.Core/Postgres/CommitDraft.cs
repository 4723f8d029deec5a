using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres;

/// <summary>A batch that is decided, on a head that may itself be on its way still, and can be added to until it is sent.</summary>
/// <param name="before">The snapshot that the first command is shown.</param>
/// <param name="previousHash">The hash of the last change in it.</param>
internal sealed class CommitDraft(RegistrySnapshot before, byte[] previousHash)
{
    public List<PendingCommand> Batch { get; } = [];

    /// <summary>What the commands come to.</summary>
    public BatchDecision Decision { get; private set; } = new(before, before, [], []);

    /// <summary>What is to be written.</summary>
    public RegistryWrite Write { get; } = new(before, before, [], previousHash);

    /// <summary>Timestamp of the first command's taking.</summary>
    public long Began { get; private set; }

    /// <summary>Decides more commands, over what those before leave.</summary>
    public void Add(List<PendingCommand> batch, DateTimeOffset now, TimeProvider time)
    {
        if (batch.Count == 0)
            return;

        if (Batch.Count == 0)
            Began = time.GetTimestamp();
        var decision = BatchDecision.Decide(Decision.After, batch, now);
        Batch.AddRange(batch);
        Decision = Decision.Then(decision);
        Write.Extend(decision.After, decision.Changes);
    }
}

/// <summary>A draft that Postgres was sent, in a transaction of its own.</summary>
/// <param name="Landing">True: it is committed. False: another console has moved the head, and nothing was written.</param>
internal sealed record CommitFlight(CommitDraft Draft, Task<bool> Landing);
