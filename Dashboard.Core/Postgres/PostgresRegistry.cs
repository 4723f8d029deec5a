using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>
/// The registry in Postgres: read from memory, written by one loop that carries waiting commands together in one transaction, kept in step with other
/// replicas on the same database. Start it before whatever reads the registry.
/// </summary>
public sealed partial class PostgresRegistry : IRegistry, IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly PostgresRegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<PostgresRegistry> _logger;
    private readonly Channel<PendingCommand?> _queue;
    private readonly RegistryDatabase _database;
    private readonly RegistryMeters _meters;
    private readonly HealthOverlay _overlay = new();
    private readonly CancellationTokenSource _stopping = new();
    private RegistryAvailability _availability;
    private Task _writing = Task.CompletedTask;
    private Task _listening = Task.CompletedTask;
    private int _lookQueued;
    private bool _started;
    private bool _disposed;

    // Only the writer's loop touches these.
    private readonly RegistryReplica _replica;
    private ImmutableArray<string> _touchedByOverlay = [];

    /// <summary>Makes the registry; nothing is read or written before <see cref="StartAsync"/>.</summary>
    public PostgresRegistry(PostgresRegistryOptions options, TimeProvider time, ILogger<PostgresRegistry> logger, IMeterFactory? meterFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _time = time;
        _logger = logger;
        _queue = Channel.CreateBounded<PendingCommand?>(new BoundedChannelOptions(options.QueueCapacity) { SingleReader = true });
        _database = new(options);
        _replica = new(_database, RegistrySnapshot.Empty(Guid.Empty, Now), logger);
        Feed = new(_replica.Committed);
        _availability = new(Now, Now, "The registry is being loaded");
        _meters = new(meterFactory, () => Current.Revision, () => _queue.Reader.Count, () => Availability.IsAvailable);
    }

    /// <inheritdoc/>
    public RegistrySnapshot Current => Feed.Current;

    /// <inheritdoc/>
    public Feed<RegistrySnapshot, RegistryUpdate> Feed { get; }

    /// <inheritdoc/>
    public RegistryAvailability Availability => Volatile.Read(ref _availability);

    private DateTimeOffset Now
    {
        get
        {
            // Postgres keeps microseconds; what memory holds must be what is stored.
            var now = _time.GetUtcNow();
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        }
    }

    /// <summary>Brings the schema up to date, loads the registry and begins to write and follow. Waits for a Postgres that is not up yet.</summary>
    /// <exception cref="NpgsqlException">Postgres did not come within <see cref="PostgresRegistryOptions.StartTimeout"/>, or refuses the schema.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var told = false;
        while (true)
        {
            try
            {
                await SchemaRunner.ApplyAsync(string.IsNullOrEmpty(_options.OwnerConnectionString) ? _options.ConnectionString : _options.OwnerConnectionString, _logger, cancellationToken);
                await _replica.LoadAsync();
                break;
            }
            catch (NpgsqlException e) when (IsWorthWaiting(e) && _time.GetElapsedTime(began) < _options.StartTimeout)
            {
                if (!told)
                    LogWaiting(_logger, PostgresFault.Describe(e));
                told = true;
                await _database.DropAsync();
                await Task.Delay(_options.RetryInterval, _time, cancellationToken);
            }
        }

        Feed.Reset(_replica.Committed);
        _replica.MarkPublished();
        Volatile.Write(ref _availability, new(null, Now, null));
        var listener = new HeadListener(_options, _time, _logger, () => Feed.Current.Revision, () => Availability.IsAvailable, Look);
        _writing = Task.Run(WriteAsync, CancellationToken.None);
        _listening = Task.Run(() => listener.RunAsync(_stopping.Token), CancellationToken.None);
        _started = true;
        LogLoaded(_logger, Current.Revision, Current.Services.Count, Current.InstanceCount);
    }

    /// <summary>Writes what is waiting, then stops. New commands are answered as unavailable.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _listening;
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await StopAsync(CancellationToken.None);
        await _database.DisposeAsync();
        _meters.Dispose();
        _stopping.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask<CommandResult> ExecuteAsync(RegistryCommand command, Actor actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(actor);
        cancellationToken.ThrowIfCancellationRequested();
        var availability = Availability;
        if (!availability.IsAvailable && !(command.MayOverlay && _started))
            return new(Unavailable(availability.Error!));

        var pending = new PendingCommand(command, actor);
        if (_queue.Writer.TryWrite(pending))
            return new(pending.Result.WaitAsync(cancellationToken));

        return new(Unavailable(_stopping.IsCancellationRequested ? "The console is stopping" : $"{_options.QueueCapacity} commands are waiting already"));
    }

    /// <inheritdoc/>
    public Decision Preview(RegistryCommand command, Actor actor)
    {
        ArgumentNullException.ThrowIfNull(command);
        var current = Current;
        return command.Decide(current, new(actor, Now, current.Revision + 1));
    }

    private static bool IsWorthWaiting(NpgsqlException exception) =>
        // Refused credentials, a missing database or a broken script do not get better by waiting.
        exception is not PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] } && !exception.Message.StartsWith("The schema script", StringComparison.Ordinal);

    /// <summary>Has the loop look at the head; one such wish at a time is enough.</summary>
    private void Look()
    {
        if (Interlocked.Exchange(ref _lookQueued, 1) == 0 && !_queue.Writer.TryWrite(null))
            Volatile.Write(ref _lookQueued, 0);
    }

    private async Task WriteAsync()
    {
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
        var verdicts = new List<Verdict>(batch.Count);
        try
        {
            if (!Availability.IsAvailable)
            {
                if (look)
                    await ReturnAsync();
                else
                    throw new PostgresAwayException(Availability.Error!);
            }

            if (batch.Count > 0)
                await CommitAsync(batch, verdicts);
            else
                await _replica.CatchUpAsync();

            Publish();
            Volatile.Write(ref _availability, new(null, Now, null));
        }
        catch (Exception e)
        {
            await _database.DropAsync();
            Publish();
            if (batch.Count > 0 && PostgresFault.IsOfCommand(e) && e is not PostgresAwayException)
            {
                await IsolateAsync(batch, e);
                return;
            }

            GoAway(e);
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
            batch[0].Fail(exception);
            return;
        }

        foreach (var pending in batch.ToArray())
            await ProcessAsync([pending], look: false);
    }

    private async Task CommitAsync(List<PendingCommand> batch, List<Verdict> verdicts)
    {
        var began = _time.GetTimestamp();
        // Decided before the lock, since the snapshot nearly always is the head; where it turns out not to be, decided again under it.
        var before = _replica.Committed;
        var (after, changes) = Decide(batch, verdicts);
        if (changes.IsEmpty)
        {
            // Nothing to write, if this is still the head: one cheap read tells, and no other writer need wait for it.
            var seen = await _database.ReadHeadAsync();
            if (_replica.IsAt(seen))
                return;
        }

        await _replica.LockAndCatchUpAsync();
        if (!ReferenceEquals(before, _replica.Committed))
        {
            before = _replica.Committed;
            verdicts.Clear();
            (after, changes) = Decide(batch, verdicts);
        }

        if (changes.IsEmpty)
        {
            await _database.RollBackAsync();
            return;
        }

        var write = new RegistryWrite(before, after, changes, _replica.Hash);
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

    /// <summary>Runs each command over what the one before it left. One that throws is answered with that and changes nothing.</summary>
    private (RegistrySnapshot After, ImmutableArray<RegistryChange> Changes) Decide(List<PendingCommand> batch, List<Verdict> verdicts)
    {
        var now = Now;
        var working = _replica.Committed;
        var changes = ImmutableArray.CreateBuilder<RegistryChange>();
        foreach (var pending in batch)
        {
            try
            {
                switch (pending.Command.Decide(working, new(pending.Actor, now, working.Revision + 1)))
                {
                    case Decision.Accepted { Changes.IsEmpty: true } nothing:
                        verdicts.Add(new(pending, new CommandResult.Committed(working.Revision, null, working, nothing.Operation)));
                        break;
                    case Decision.Accepted accepted:
                        var change = ToChange(pending, accepted, working.Revision + 1, now);
                        working = working.Apply(change);
                        changes.Add(change);
                        verdicts.Add(new(pending, new CommandResult.Committed(change.Revision, change, working, accepted.Operation)));
                        break;
                    case Decision.Refused refused:
                        verdicts.Add(new(pending, new CommandResult.Refused(refused.Refusal, working)));
                        break;
                    default:
                        throw new InvalidOperationException("A decision is either accepted or refused.");
                }
            }
            catch (Exception e)
            {
                verdicts.Add(new(pending, null, e));
            }
        }

        return (working, changes.ToImmutable());
    }

    private static RegistryChange ToChange(PendingCommand pending, Decision.Accepted accepted, long revision, DateTimeOffset now) => new()
    {
        Revision = revision,
        At = now,
        Actor = pending.Actor,
        Action = pending.Command.Action,
        Target = pending.Command.Target,
        Reason = pending.Command.Reason,
        Operation = accepted.Operation,
        Changes = accepted.Changes,
    };

    /// <summary>Postgres is back: catches up, then makes durable what was seen meanwhile. Readers see the two in one step.</summary>
    private async Task ReturnAsync()
    {
        await _replica.LockAndCatchUpAsync();
        await _database.RollBackAsync();
        var since = Availability.UnavailableSince!.Value;
        if (!_overlay.IsEmpty)
        {
            await CommitAsync([.. _overlay.ToCommands()], []);
            _touchedByOverlay = [.. _overlay.Services];
            _overlay.Clear();
        }

        LogBack(_logger, (Now - since).TotalSeconds);
    }

    /// <summary>Swaps the snapshot and tells the feed, if anything is new.</summary>
    private void Publish()
    {
        var before = Feed.Current;
        if (!_replica.IsReset && _replica.Unpublished.Count == 0 && _touchedByOverlay.IsEmpty)
            return;

        var after = _overlay.ApplyTo(_replica.Committed);
        if (_replica.IsReset)
        {
            Feed.Reset(after);
        }
        else
        {
            ImmutableArray<RegistryChange> changes = [.. _replica.Unpublished];
            var services = RegistryWrite.ServicesTouched(before, after, changes);
            foreach (var name in _overlay.Services.Concat(_touchedByOverlay))
            {
                if (!ReferenceEquals(before.Services.GetValueOrDefault(name), after.Services.GetValueOrDefault(name)))
                    services = services.Add(name);
            }

            Feed.Publish(after, new(before, after, changes, services));
        }

        _touchedByOverlay = [];
        _replica.MarkPublished();
    }

    private void GoAway(Exception exception)
    {
        var availability = Availability;
        var error = exception switch
        {
            PostgresAwayException => availability.Error!,
            CommitUnansweredException { InnerException: { } cause } => PostgresFault.Describe(cause),
            _ => PostgresFault.Describe(exception),
        };
        if (availability.IsAvailable)
            LogAway(_logger, error, exception);
        Volatile.Write(ref _availability, new(availability.UnavailableSince ?? Now, availability.LastSync, error));
    }

    private CommandResult WithoutPostgres(PendingCommand pending, bool uncertain)
    {
        if (!pending.Command.MayOverlay)
            return Unavailable(uncertain ? Availability.Error! + "; whether this was written will be known when Postgres is back" : Availability.Error!);

        var before = Current;
        try
        {
            switch (pending.Command.Decide(before, new(pending.Actor, Now, before.Revision + 1)))
            {
                case Decision.Refused refused:
                    return new CommandResult.Refused(refused.Refusal, before);
                case Decision.Accepted { Changes.IsEmpty: false } accepted:
                    _overlay.Add(before, accepted.Changes, pending.Actor);
                    var after = before.ApplyOverlay(accepted.Changes.OfType<HealthChange>());
                    var services = accepted.Changes.OfType<HealthChange>().Select(change => change.Key.Service);
                    Feed.Publish(after, new(before, after, [], [.. services]));
                    return new CommandResult.Overlaid(after);
                default:
                    return new CommandResult.Overlaid(before);
            }
        }
        catch (Exception e)
        {
            Fail(pending, e);
            return Unavailable(Availability.Error!);
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
        pending.Answer(result);
    }

    private void Fail(PendingCommand pending, Exception exception)
    {
        LogThrew(_logger, pending.Command.Action, pending.Command.Target, exception);
        pending.Fail(exception);
    }

    private static CommandResult.Unavailable Unavailable(string because) => new(because, RetryAfter);

    /// <summary>What a command is answered once its batch is durable.</summary>
    private sealed record Verdict(PendingCommand Pending, CommandResult? Result, Exception? Error = null);

    /// <summary>Postgres is known to be away, so it is not asked.</summary>
    private sealed class PostgresAwayException(string message) : Exception(message);

    /// <summary>The connection broke during a commit and nobody can say yet what became of it.</summary>
    private sealed class CommitUnansweredException(Exception inner) : NpgsqlException("A commit went unanswered", inner);

    [LoggerMessage(10, LogLevel.Information, "Waiting for Postgres: {Reason}")]
    private static partial void LogWaiting(ILogger logger, string reason);

    [LoggerMessage(11, LogLevel.Information, "Registry at revision {Revision}: {Services} services, {Instances} instances")]
    private static partial void LogLoaded(ILogger logger, long revision, int services, int instances);

    [LoggerMessage(12, LogLevel.Error, "Postgres is away, so nothing can be written: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason, Exception exception);

    [LoggerMessage(13, LogLevel.Warning, "Postgres is back after {Seconds:0.0} s")]
    private static partial void LogBack(ILogger logger, double seconds);

    [LoggerMessage(14, LogLevel.Error, "Postgres does not take {Action} of {Target}")]
    private static partial void LogRefused(ILogger logger, string action, string target, Exception exception);

    [LoggerMessage(15, LogLevel.Error, "{Action} of {Target} could not be decided")]
    private static partial void LogThrew(ILogger logger, string action, string target, Exception exception);

    [LoggerMessage(16, LogLevel.Warning, "The commit up to revision {Revision} went unanswered, but was found to be done")]
    private static partial void LogResolved(ILogger logger, long revision);
}
