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

    private readonly RegistryDatabase _database;
    private readonly RegistryReplica _replica;
    private readonly BatchCommitter _commits;
    private readonly RegistryPublisher _publisher;
    private readonly WriteAvailability _availability;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WriterQueue _queue;
    private readonly AnswerQueue _answers;
    private volatile bool _running;

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
        _database = database;
        _replica = replica;
        _commits = new(database, replica, meters, time, logger);
        _publisher = publisher;
        _availability = availability;
        _time = time;
        _logger = logger;
        _queue = new(options);
        _answers = new(meters, logger);
    }

    /// <summary>How many commands wait.</summary>
    public int Waiting => _queue.Count;

    /// <summary>Hands a command to the loop; the answer comes when it is durable, refused or known to be impossible.</summary>
    public Task<CommandResult> WriteAsync(RegistryCommand command, Actor actor)
    {
        var availability = _availability.Current;
        if (!availability.IsAvailable && !(command.MayOverlay && _running))
            return Task.FromResult<CommandResult>(Unavailable(availability.Error!));

        var pending = new PendingCommand(command, actor);
        return _queue.TryAdd(pending)
            ? pending.Result
            : Task.FromResult<CommandResult>(Unavailable(_queue.IsComplete ? "The console is stopping" : $"{_queue.Capacity} commands are waiting already"));
    }

    /// <summary>Has the loop look at the head; one such wish at a time is enough.</summary>
    public void Look() => _queue.AddLook();

    /// <summary>Takes no more commands; <see cref="RunAsync"/> ends when those that wait are done.</summary>
    public void Complete() => _queue.Complete();

    /// <summary>The highest revision that was sent to Postgres and is not shown yet, 0 = none: a notification of it is no news.</summary>
    public long Sent => _commits.Sent;

    /// <summary>Writes until <see cref="Complete"/>; no failure ends it.</summary>
    public async Task RunAsync()
    {
        _running = true;
        CommitFlight? flight = null;
        while (flight is not null || await _queue.WaitAsync())
            flight = flight is null ? await BeginAsync(_queue.Take(new())) : await LandAsync(flight);
    }

    /// <summary>Sends a turn's commands to Postgres; what cannot go in one round trip is carried out at once, with null as the answer.</summary>
    private async Task<CommitFlight?> BeginAsync(WriterTurn turn, CommitDraft? draft = null)
    {
        if (turn.IsEmpty)
            return null;

        if (draft is null || !ReferenceEquals(draft.Decision.Before, _replica.Committed) || draft.Batch.Count < turn.Batch.Count)
            draft = Draft(null, turn, _replica.Committed, _replica.Hash);
        if (draft is not null && _commits.Send(draft) is { } flight)
            return flight;

        await ProcessAsync(turn.Batch, turn.Look, draft?.Decision);
        return null;
    }

    /// <summary>
    /// Waits for Postgres and meanwhile decides, over what it will leave, what has come since: that is on its way before others are shown and told what is done.
    /// </summary>
    private async Task<CommitFlight?> LandAsync(CommitFlight flight)
    {
        var turn = _queue.Take(new());
        var draft = Draft(null, turn, flight.Draft.Decision.After, flight.Draft.Write.Hash);
        try
        {
            if (!await _commits.LandAsync(flight))
            {
                // Another console has written: decided again, on what that left.
                await ProcessAsync(flight.Draft.Batch, look: false);
                return await BeginAsync(turn);
            }
        }
        catch (Exception e)
        {
            await FailAsync(flight.Draft.Batch, e);
            _answers.Send();
            return await BeginAsync(turn);
        }

        draft = Draft(draft, _queue.Take(turn), _replica.Committed, _replica.Hash);
        var next = draft is null ? null : _commits.Send(draft);
        Show(flight, isLast: next is null);
        return next ?? await BeginAsync(turn, draft);
    }

    private void Show(CommitFlight flight, bool isLast)
    {
        try
        {
            _publisher.Publish();
            if (isLast)
                _commits.Settle();
            _availability.InStep(Now);
            _answers.Add(flight.Draft.Decision.Verdicts);
        }
        catch (Exception e)
        {
            // It is durable, and what follows may be on its way: nothing to be undone, but nobody may be left waiting.
            foreach (var pending in flight.Draft.Batch)
                _answers.AddThrown(pending, e);
        }

        _answers.Send();
    }

    /// <summary>Decides what a turn has beyond <paramref name="draft"/>; null where it has to go the long way.</summary>
    /// <param name="before">What a new draft is decided on.</param>
    private CommitDraft? Draft(CommitDraft? draft, WriterTurn turn, RegistrySnapshot before, byte[] hash)
    {
        if (!MayDraft(turn))
            return null;

        try
        {
            draft ??= new CommitDraft(before, hash);
            draft.Add(turn.Batch[draft.Batch.Count..], Now, _time);
            return draft;
        }
        catch (Exception)
        {
            // The long way finds the command that is at fault.
            return null;
        }
    }

    private bool MayDraft(WriterTurn turn) =>
        turn is { Look: false, Batch.Count: > 0 } && _availability.Current.IsAvailable && !turn.Batch.Exists(pending => !pending.Command.Fences.IsEmpty);

    /// <param name="decided">What the batch comes to on the head as it is known, if that was asked already.</param>
    private async Task ProcessAsync(List<PendingCommand> batch, bool look, BatchDecision? decided = null)
    {
        await CarryOutAsync(batch, look, decided);
        _answers.Send();
    }

    private async Task CarryOutAsync(List<PendingCommand> batch, bool look, BatchDecision? decided)
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
                verdicts = await _commits.CommitAsync(batch, decided);
            else
                await _replica.CatchUpAsync();

            _publisher.Publish();
            _commits.Settle();
            _availability.InStep(Now);
        }
        catch (Exception e)
        {
            await FailAsync(batch, e);
            return;
        }

        // Only once it is shown: an answer must not come before what it says can be read.
        _answers.Add(verdicts);
    }

    private async Task FailAsync(List<PendingCommand> batch, Exception e)
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
            _answers.Add(pending, WithoutPostgres(pending, uncertain: e is CommitUnansweredException));
    }

    /// <summary>Finds the command that Postgres does not take, so that it alone fails.</summary>
    private async Task IsolateAsync(List<PendingCommand> batch, Exception exception)
    {
        if (batch.Count == 1)
        {
            _answers.AddRefused(batch[0], exception);
            return;
        }

        foreach (var pending in batch.ToArray())
            await ProcessAsync([pending], look: false);
    }

    /// <summary>Postgres is back: catches up, then makes durable what was seen meanwhile. Readers see the two in one step.</summary>
    private async Task ReturnAsync()
    {
        await _replica.ReturnAsync();
        var since = _availability.Current.UnavailableSince!.Value;
        if (_publisher.Overlaid() is { Count: > 0 } seen)
        {
            await _commits.CommitAsync(seen);
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
            return (_publisher.Check(pending.Command) ?? pending.Command.Decide(before, new(pending.Actor, Now, before.Revision + 1))) switch
            {
                Decision.Refused refused => new CommandResult.Refused(refused.Refusal, before),
                Decision.Accepted { Changes.IsEmpty: false } accepted => _publisher.Overlay(before, accepted.Changes, pending.Actor, pending.Command.Fences),
                _ => new CommandResult.Overlaid(before),
            };
        }
        catch (Exception e)
        {
            _answers.AddThrown(pending, e);
            return Unavailable(error);
        }
    }

    private DateTimeOffset Now => _time.GetStoredNow();

    private static CommandResult.Unavailable Unavailable(string because) => new(because, RetryAfter);

    [LoggerMessage(13, LogLevel.Warning, "Postgres is back after {Seconds:0.0} s")]
    private static partial void LogBack(ILogger logger, double seconds);
}
