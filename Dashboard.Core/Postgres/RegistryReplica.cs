using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Postgres;

/// <summary>What this replica knows to be durable, and how it keeps in step with the head that all replicas move. For the writer's loop alone.</summary>
internal sealed partial class RegistryReplica(RegistryDatabase database, RegistrySnapshot empty, ILogger logger)
{
    private const int CatchUpLimit = 1000;

    private readonly List<RegistryChange> _unpublished = [];

    /// <summary>The registry as it is stored, without any overlay.</summary>
    public RegistrySnapshot Committed { get; private set; } = empty;

    /// <summary>The hash of the last change in <see cref="Committed"/>.</summary>
    public byte[] Hash { get; private set; } = [];

    /// <summary>The changes since <see cref="MarkPublished"/>, in order.</summary>
    public IReadOnlyList<RegistryChange> Unpublished => _unpublished;

    /// <summary>Since <see cref="MarkPublished"/> everything was read anew, so that no changes lead from there to here.</summary>
    public bool IsReset { get; private set; }

    /// <summary>Readers have been shown <see cref="Committed"/>.</summary>
    public void MarkPublished()
    {
        _unpublished.Clear();
        IsReset = false;
    }

    /// <summary>Takes over what this replica itself has committed.</summary>
    public void Advance(RegistryWrite write)
    {
        Committed = write.After;
        Hash = write.Hash;
        _unpublished.AddRange(write.Changes);
    }

    /// <summary>Whether <paramref name="head"/> is exactly what this replica has.</summary>
    public bool IsAt(HeadRow head) => head.Revision == Committed.Revision && Continues(head);

    /// <summary>After this the head is held by this writer and its snapshot is the head.</summary>
    public async Task LockAndCatchUpAsync()
    {
        while (true)
        {
            var head = await database.LockHeadAsync();
            switch (await FollowAsync(head))
            {
                case Continuation.Followed:
                    return;
                case Continuation.Diverged:
                    LogDiverged(logger, head.Revision, Committed.Revision);
                    await database.RenewGenerationAsync();
                    await database.CommitAsync();
                    break;
                default:
                    await database.RollBackAsync();
                    break;
            }

            await LoadAsync();
        }
    }

    /// <summary>Reads what others have written since, without holding anybody up.</summary>
    public async Task CatchUpAsync()
    {
        var head = await database.ReadHeadAsync();
        if (await FollowAsync(head) == Continuation.Followed)
            return;

        await LockAndCatchUpAsync();
        await database.RollBackAsync();
    }

    /// <summary>Whether the head may come after what this replica has: the same generation and, where it is the same revision, the same change.</summary>
    private bool Continues(HeadRow head) =>
        head.Generation == Committed.Generation
        && (head.Revision > Committed.Revision || (head.Revision == Committed.Revision && head.Hash.AsSpan().SequenceEqual(Hash)));

    /// <summary>Reads the change log up to the head, if it leads there from here.</summary>
    private async Task<Continuation> FollowAsync(HeadRow head)
    {
        if (head.Generation != Committed.Generation)
            return Continuation.Unknown;
        if (!Continues(head))
            return Continuation.Diverged;

        while (Committed.Revision < head.Revision)
        {
            var rows = await database.ReadChangesAsync(Committed.Revision, CatchUpLimit);
            // Pruned: what is missing is older than the retained log.
            if (rows.Count == 0 || rows[0].Revision != Committed.Revision + 1)
                return Continuation.Unknown;
            if (!rows[0].PreviousHash.AsSpan().SequenceEqual(Hash))
                return Continuation.Diverged;
            foreach (var row in rows)
            {
                var change = row.ToChange();
                Committed = Committed.Apply(change);
                Hash = row.Hash;
                _unpublished.Add(change);
            }
        }

        return Continuation.Followed;
    }

    /// <summary>Forgets what it has and reads the whole registry.</summary>
    public async Task LoadAsync()
    {
        var (head, snapshot) = await database.LoadAsync();
        Committed = snapshot;
        Hash = head.Hash;
        _unpublished.Clear();
        IsReset = true;
    }

    /// <summary>How the stored registry relates to what this replica has.</summary>
    private enum Continuation
    {
        /// <summary>The snapshot is the head now.</summary>
        Followed,

        /// <summary>Another generation, or a log that no longer goes back this far: a fresh snapshot is needed.</summary>
        Unknown,

        /// <summary>The same generation tells another story than the one this replica has seen.</summary>
        Diverged,
    }

    [LoggerMessage(17, LogLevel.Error, "The stored registry stands at revision {Stored} and does not continue revision {Known} that this console has seen (a restore?): it gets a new generation")]
    private static partial void LogDiverged(ILogger logger, long stored, long known);
}
