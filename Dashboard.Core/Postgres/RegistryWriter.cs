using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Postgres;

/// <summary>
/// The one loop that writes: carries waiting commands together in one transaction, keeps up with what other replicas write, and answers nobody before
/// what it says can be read.
/// </summary>
internal sealed partial class RegistryWriter
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly PostgresRegistryOptions _options;
    private readonly RegistryDatabase _database;
    private readonly RegistryReplica _replica;
    private readonly RegistryPublisher _publisher;
    private readonly WriteAvailability _availability;
    private readonly RegistryMeters _meters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    // Null stands for a look at the head.
    private readonly Channel<PendingCommand?> _queue;
    private readonly AnswerQueue _answers = new();
    private int _lookQueued;
    private volatile bool _running;
    private volatile bool _stopping;

    public RegistryWriter(
        PostgresRegistryOptions options,
        RegistryDatabase database,
        RegistryReplica replica,
        RegistryPublisher publisher,
        WriteAvailability availability,
        RegistryMeters meters,
        TimeProvider time,
        ILogger logger)
    {
        _options = options;
        _database = database;
        _replica = replica;
        _publisher = publisher;
        _availability = availability;
        _meters = meters;
        _time = time;
        _logger = logger;
        _queue = Channel.CreateBounded<PendingCommand?>(new BoundedChannelOptions(options.QueueCapacity) { SingleReader = true });
    }

    /// <summary>How many commands wait.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>Hands a command to the loop; the answer comes when it is durable, refused or known to be impossible.</summary>
    public Task<CommandResult> WriteAsync(RegistryCommand command, Actor actor)
    {
        var availability = _availability.Current;
        if (!availability.IsAvailable && !(command.MayOverlay && _running))
            return Task.FromResult<CommandResult>(Unavailable(availability.Error!));

        var pending = new PendingCommand(command, actor);
        return _queue.Writer.TryWrite(pending)
            ? pending.Result
            : Task.FromResult<CommandResult>(Unavailable(_stopping ? "The console is stopping" : $"{_options.QueueCapacity} commands are waiting already"));
    }

    /// <summary>Has the loop look at the head; one such wish at a time is enough.</summary>
    public void Look()
    {
        if (Interlocked.Exchange(ref _lookQueued, 1) == 0 && !_queue.Writer.TryWrite(null))
            Volatile.Write(ref _lookQueued, 0);
    }

    /// <summary>Takes no more commands; <see cref="RunAsync"/> ends when those that wait are done.</summary>
    public void Complete()
    {
        _stopping = true;
        _queue.Writer.TryComplete();
    }

    /// <summary>Writes until <see cref="Complete"/>; no failure ends it.</summary>
    public async Task RunAsync()
    {
        _running = true;
        var batch = new List<PendingCommand>(_options.BatchLimit);
        while (await _queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            var look = false;
            while (batch.Count < _options.BatchLimit && _queue.Reader.TryRead(out var pending))
            {
                if (pending is not null)
                    batch.Add(pending);
                else
                    look = true;
            }

            if (look)
                Volatile.Write(ref _lookQueued, 0);
            await ProcessAsync(batch, look);
        }
    }

    private async Task ProcessAsync(List<PendingCommand> batch, bool look)
    {
        await CarryOutAsync(batch, look);
        _answers.Send();
    }

    private async Task CarryOutAsync(List<PendingCommand> batch, bool look)
    {
        IReadOnlyList<Verdict> verdicts = [];
        try
        {
            if (look)
                // What other consoles saw is shown without waiting for a Postgres that may be away.
                _publisher.Publish();
            if (!_availability.Current.IsAvailable)
            {
                if (look)
                    await ReturnAsync();
                else
                    throw new PostgresAwayException(_availability.Current.Error!);
            }

            if (batch.Count > 0)
                verdicts = await CommitAsync(batch);
            else
                await _replica.CatchUpAsync();

            _publisher.Publish();
            _availability.InStep(Now);
        }
        catch (Exception e)
        {
            await _database.DropAsync();
            _publisher.Publish();
            if (batch.Count > 0 && PostgresFault.IsOfCommand(e) && e is not PostgresAwayException)
            {
                await IsolateAsync(batch, e);
                return;
            }

            _availability.GoAway(e, Now);
            foreach (var pending in batch)
                Answer(pending, WithoutPostgres(pending, uncertain: e is CommitUnansweredException));
            return;
        }

        // Only now: an answer must not come before what it says can be read.
        foreach (var verdict in verdicts)
        {
            if (verdict.Error is { } error)
                Fail(verdict.Pending, error);
            else
                Answer(verdict.Pending, verdict.Result!);
        }
    }

    /// <summary>Finds the command that Postgres does not take, so that it alone fails.</summary>
    private async Task IsolateAsync(List<PendingCommand> batch, Exception exception)
    {
        if (batch.Count == 1)
        {
            LogRefused(_logger, batch[0].Command.Action, batch[0].Command.Target, exception);
            _answers.Add(batch[0], exception);
            return;
        }

        foreach (var pending in batch.ToArray())
            await ProcessAsync([pending], look: false);
    }

    private async Task<IReadOnlyList<Verdict>> CommitAsync(IReadOnlyList<PendingCommand> batch)
    {
        var began = _time.GetTimestamp();
        // Decided before the lock, since the snapshot nearly always is the head; where it turns out not to be, decided again under it.
        var decision = BatchDecision.Decide(_replica.Committed, batch, Now);
        if (decision.Changes.IsEmpty)
        {
            // Nothing to write, if this is still the head: one cheap read tells, and no other writer need wait for it.
            var seen = await _database.ReadHeadAsync();
            if (_replica.IsAt(seen))
                return decision.Verdicts;
        }

        await _replica.LockAndCatchUpAsync();
        var epochs = batch.Any(pending => !pending.Command.Fences.IsEmpty) ? await _database.ReadLeaseEpochsAsync() : null;
        if (!ReferenceEquals(decision.Before, _replica.Committed) || epochs is not null)
            decision = BatchDecision.Decide(_replica.Committed, batch, Now, epochs);

        if (decision.Changes.IsEmpty)
        {
            await _database.RollBackAsync();
            return decision.Verdicts;
        }

        var write = new RegistryWrite(decision.Before, decision.After, decision.Changes, _replica.Hash);
        try
        {
            await _database.CommitAsync(write);
        }
        catch (Exception e) when (!PostgresFault.IsOfCommand(e))
        {
            await ResolveAsync(write, e);
        }

        _replica.Advance(write);
        _meters.Committed(batch.Count, _time.GetElapsedTime(began));
        return decision.Verdicts;
    }

    /// <summary>Finds out what became of a commit that went unanswered; returns when it is known to be done.</summary>
    private async Task ResolveAsync(RegistryWrite write, Exception exception)
    {
        bool committed;
        try
        {
            committed = await _database.WasCommittedAsync(write);
        }
        catch (Exception e) when (!PostgresFault.IsOfCommand(e))
        {
            // The log tells when Postgres is back; nobody is told until then that it was written.
            throw new CommitUnansweredException(exception);
        }

        if (!committed)
            ExceptionDispatchInfo.Throw(exception);
        LogResolved(_logger, write.After.Revision);
    }

    /// <summary>Postgres is back: catches up, then makes durable what was seen meanwhile. Readers see the two in one step.</summary>
    private async Task ReturnAsync()
    {
        await _replica.ReturnAsync();
        var since = _availability.Current.UnavailableSince!.Value;
        if (_publisher.Overlaid() is { Count: > 0 } seen)
        {
            await CommitAsync(seen);
            _publisher.EndOverlay();
        }

        LogBack(_logger, (Now - since).TotalSeconds);
    }

    private CommandResult WithoutPostgres(PendingCommand pending, bool uncertain)
    {
        var error = _availability.Current.Error!;
        if (!pending.Command.MayOverlay)
            return Unavailable(uncertain ? error + "; whether this was written will be known when Postgres is back" : error);

        var before = _publisher.Feed.Current;
        try
        {
            return pending.Command.Decide(before, new(pending.Actor, Now, before.Revision + 1)) switch
            {
                Decision.Refused refused => new CommandResult.Refused(refused.Refusal, before),
                Decision.Accepted { Changes.IsEmpty: false } accepted => _publisher.Overlay(before, accepted.Changes, pending.Actor, pending.Command.Fences),
                _ => new CommandResult.Overlaid(before),
            };
        }
        catch (Exception e)
        {
            Fail(pending, e);
            return Unavailable(error);
        }
    }

    private void Answer(PendingCommand pending, CommandResult result)
    {
        _meters.Answered(result switch
        {
            CommandResult.Committed { Change: null } => "unchanged",
            CommandResult.Committed => "committed",
            CommandResult.Refused => "refused",
            CommandResult.Overlaid => "overlaid",
            _ => "unavailable",
        });
        _answers.Add(pending, result);
    }

    private void Fail(PendingCommand pending, Exception exception)
    {
        LogThrew(_logger, pending.Command.Action, pending.Command.Target, exception);
        _answers.Add(pending, exception);
    }

    private DateTimeOffset Now => _time.GetStoredNow();

    private static CommandResult.Unavailable Unavailable(string because) => new(because, RetryAfter);

    [LoggerMessage(13, LogLevel.Warning, "Postgres is back after {Seconds:0.0} s")]
    private static partial void LogBack(ILogger logger, double seconds);

    [LoggerMessage(14, LogLevel.Error, "Postgres does not take {Action} of {Target}")]
    private static partial void LogRefused(ILogger logger, string action, string target, Exception exception);

    [LoggerMessage(15, LogLevel.Error, "{Action} of {Target} could not be decided")]
    private static partial void LogThrew(ILogger logger, string action, string target, Exception exception);

    [LoggerMessage(16, LogLevel.Warning, "The commit up to revision {Revision} went unanswered, but was found to be done")]
    private static partial void LogResolved(ILogger logger, long revision);
}
