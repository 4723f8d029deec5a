using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Postgres;

/// <summary>What this replica knows to be durable, and how it keeps in step with the head that all replicas move. For the writer's loop alone.</summary>
internal sealed partial class RegistryReplica(RegistryDatabase database, RegistrySnapshot empty, ILogger logger)
{
    private const int CatchUpLimit = 1000;

    private readonly List<RegistryChange> _unpublished = [];
    private RegistryPosition _position = new(Guid.Empty, 0, [], 0);

    /// <summary>Where it stands, as one value that other threads may read.</summary>
    public RegistryPosition Position => Volatile.Read(ref _position);

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
        NotePosition();
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

    /// <summary>
    /// Loads the registry for the first time and renews its generation where the database is a restored one: it lies somewhere else than it was last written, or
    /// does not continue <paramref name="known"/>.
    /// </summary>
    public async Task StartAsync(RegistryPosition? known)
    {
        var head = await database.LockHeadAsync();
        var (noted, now) = await database.ReadHomeAsync();
        var moved = noted is not null && noted != now;
        if (moved || await ContradictsAsync(head, known))
        {
            await database.RenewGenerationAsync();
            LogRestored(logger, head.Revision, moved ? "it lies somewhere else than it was last written" : $"it does not continue revision {known!.Revision}, which this console has seen");
        }
        else if (noted is null)
        {
            await database.NoteHomeAsync();
        }

        await database.CommitAsync();
        await LoadAsync();
        if (Committed.Services.IsEmpty && known is { Services: > 0 } && known.Generation == Committed.Generation && known.Revision == Committed.Revision)
        {
            // The same head, and nothing under it: somebody emptied the tables.
            await database.LockHeadAsync();
            await database.RenewGenerationAsync();
            await database.CommitAsync();
            LogRestored(logger, head.Revision, $"its {known.Services} services are gone without a change that says so");
            await LoadAsync();
        }
    }

    /// <summary>After an outage: the same as <see cref="LockAndCatchUpAsync"/>; what continues here may lie in another place now, after a failover for one.</summary>
    public async Task ReturnAsync()
    {
        await LockAndCatchUpAsync();
        var (noted, now) = await database.ReadHomeAsync();
        if (noted == now)
        {
            await database.RollBackAsync();
            return;
        }

        await database.NoteHomeAsync();
        await database.CommitAsync();
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

        NotePosition();
        return Continuation.Followed;
    }

    private void NotePosition()
    {
        var before = _position;
        if (before.Revision != Committed.Revision || before.Generation != Committed.Generation)
            Volatile.Write(ref _position, new(Committed.Generation, Committed.Revision, Hash, Committed.Services.Count));
    }

    /// <summary>Whether the head tells another story than the one that was known; a log that no longer goes back so far tells none.</summary>
    private async Task<bool> ContradictsAsync(HeadRow head, RegistryPosition? known) =>
        known is not null && known.Generation == head.Generation
        && (head.Revision < known.Revision
            || (head.Revision == known.Revision ? head.Hash : await database.FindHashAsync(known.Revision)) is { } hash && !hash.AsSpan().SequenceEqual(known.Hash));

    /// <summary>Forgets what it has and reads the whole registry.</summary>
    public async Task LoadAsync()
    {
        var (head, snapshot) = await database.LoadAsync();
        Committed = snapshot;
        Hash = head.Hash;
        NotePosition();
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

    [LoggerMessage(18, LogLevel.Warning, "The stored registry, at revision {Revision}, is a restored one: {Why}. It gets a new generation, and every follower a fresh snapshot")]
    private static partial void LogRestored(ILogger logger, long revision, string why);

    [LoggerMessage(17, LogLevel.Error, "The stored registry stands at revision {Stored} and does not continue revision {Known} that this console has seen (a restore?): it gets a new generation")]
    private static partial void LogDiverged(ILogger logger, long stored, long known);
}
