using System.Runtime.ExceptionServices;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Postgres;

/// <summary>
/// Makes batches durable. The usual one goes in a single round trip, on the head as it is known, and fails as a whole where another console has moved that; what then is decided
/// again, and what needs more than that, is written under the head's lock, in two. For the writer's loop alone.
/// </summary>
internal sealed partial class BatchCommitter(RegistryDatabase database, RegistryReplica replica, RegistryMeters meters, TimeProvider time, ILogger logger)
{
    // Two consoles that write a lot would miss the head again and again: the one that did asks for it first, for a while.
    private static readonly TimeSpan HoldOff = TimeSpan.FromSeconds(1);

    private bool _isAlone = true;
    private long _missedAt;
    private long _sent;

    /// <summary>The highest revision that was sent to Postgres and is not shown yet; 0 = none.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>What was sent is shown, and nothing more is on its way.</summary>
    public void Settle() => Volatile.Write(ref _sent, 0);

    /// <summary>Sends a draft that was decided on what is committed; null when it has to go the long way, or there is nothing to be written.</summary>
    public CommitFlight? Send(CommitDraft draft)
    {
        if (!_isAlone || draft.Decision.Changes.IsEmpty || !ReferenceEquals(draft.Decision.Before, replica.Committed) || !database.CanTry(draft.Write))
            return null;

        Volatile.Write(ref _sent, draft.Write.After.Revision);
        return new(draft, database.TryCommitAsync(draft.Write));
    }

    /// <summary>Waits for what was sent and takes it over.</summary>
    /// <returns>False: another console has moved the head, and nothing was written.</returns>
    public async Task<bool> LandAsync(CommitFlight flight)
    {
        var write = flight.Draft.Write;
        try
        {
            if (!await flight.Landing)
            {
                Volatile.Write(ref _sent, 0);
                _isAlone = false;
                _missedAt = time.GetTimestamp();
                return false;
            }
        }
        catch (Exception e)
        {
            Volatile.Write(ref _sent, 0);
            if (PostgresFault.IsOfCommand(e) || RegistryWriteBatch.IsOfHead(e))
                throw;
            await ResolveAsync(write, e);
        }

        replica.Advance(write);
        meters.Committed(flight.Draft.Batch.Count, time.GetElapsedTime(flight.Draft.Began));
        return true;
    }

    /// <summary>Writes a batch under the head's lock.</summary>
    /// <param name="decided">What it comes to on the head as it is known, if that was asked already.</param>
    public async Task<IReadOnlyList<Verdict>> CommitAsync(IReadOnlyList<PendingCommand> batch, BatchDecision? decided = null)
    {
        var began = time.GetTimestamp();
        // Decided before the lock, since the snapshot nearly always is the head; where it turns out not to be, decided again under it.
        var decision = decided ?? BatchDecision.Decide(replica.Committed, batch, Now);
        if (decision.Changes.IsEmpty)
        {
            // Nothing to write, if this is still the head: one cheap read tells, and no other writer need wait for it.
            var seen = await database.ReadHeadAsync();
            if (replica.IsAt(seen))
                return decision.Verdicts;
        }

        var known = replica.Committed;
        await replica.LockAndCatchUpAsync();
        _isAlone = ReferenceEquals(known, replica.Committed) && time.GetElapsedTime(_missedAt) > HoldOff;
        var epochs = batch.Any(pending => !pending.Command.Fences.IsEmpty) ? await database.ReadLeaseEpochsAsync() : null;
        if (!ReferenceEquals(decision.Before, replica.Committed) || epochs is not null)
            decision = BatchDecision.Decide(replica.Committed, batch, Now, epochs);

        if (decision.Changes.IsEmpty)
        {
            await database.RollBackAsync();
            return decision.Verdicts;
        }

        var write = new RegistryWrite(decision.Before, decision.After, decision.Changes, replica.Hash);
        Volatile.Write(ref _sent, write.After.Revision);
        try
        {
            await database.CommitAsync(write);
        }
        catch (Exception e)
        {
            Volatile.Write(ref _sent, 0);
            if (PostgresFault.IsOfCommand(e))
                throw;
            await ResolveAsync(write, e);
        }

        replica.Advance(write);
        meters.Committed(batch.Count, time.GetElapsedTime(began));
        return decision.Verdicts;
    }

    /// <summary>Finds out what became of a commit that went unanswered; returns when it is known to be done.</summary>
    private async Task ResolveAsync(RegistryWrite write, Exception exception)
    {
        bool committed;
        try
        {
            committed = await database.WasCommittedAsync(write);
        }
        catch (Exception e) when (!PostgresFault.IsOfCommand(e))
        {
            // The log tells when Postgres is back; nobody is told until then that it was written.
            throw new CommitUnansweredException(exception);
        }

        if (!committed)
            ExceptionDispatchInfo.Throw(exception);
        LogResolved(logger, write.After.Revision);
    }

    private DateTimeOffset Now => time.GetStoredNow();

    [LoggerMessage(16, LogLevel.Warning, "The commit up to revision {Revision} went unanswered, but was found to be done")]
    private static partial void LogResolved(ILogger logger, long revision);
}
