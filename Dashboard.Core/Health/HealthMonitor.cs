using System.Collections.Immutable;
using System.Threading.Channels;
using Dashboard.Core.Feeds;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Health;

/// <summary>
/// Watches every instance's health: one loop that follows the registry, starts the probes that are due, judges what comes back and records transitions. Between two looks an instance
/// costs one place in a queue; a task lives only while its probe does.
/// </summary>
public sealed partial class HealthMonitor : BackgroundService
{
    // Brakes and removals are looked at this often; the loop also notices by it that the process was paused.
    private static readonly TimeSpan UpkeepInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseThreshold = TimeSpan.FromSeconds(2);

    // A registration that comes alone is looked at at once; a flood of them must not be followed one by one.
    private static readonly TimeSpan FollowGap = TimeSpan.FromMilliseconds(50);

    private readonly IRegistry _registry;
    private readonly Heartbeats _heartbeats;
    private readonly TimeProvider _time;
    private readonly HealthMetrics _metrics;
    private readonly ILogger<HealthMonitor> _logger;
    private readonly Dictionary<CheckKind, IProbe> _probes;
    private readonly HealthEngine _engine;
    private readonly HealthShare _share;
    private readonly CommandLane _transitions;
    private readonly CommandLane _upkeep;
    private readonly Channel<(ProbeOrder Order, ProbeResult Result)> _results;
    private readonly int _maxConcurrent;

    // Holds at most one token: the loop looks at everything whenever it wakes.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly TouchedInstances _touched = new();

    private readonly Action<InstanceKey, Heartbeat> _judgeHeartbeat;
    private int _inFlight;
    private long _lastTurn;
    private long _lastUpkeep;
    private long _lastGrant;
    private bool _wasAvailable = true;

    public HealthMonitor(
        IRegistry registry,
        IEnumerable<IProbe> probes,
        Heartbeats heartbeats,
        HealthBoard board,
        HealthOptions options,
        HealthMetrics metrics,
        TimeProvider time,
        ILogger<HealthMonitor> logger,
        HealthShare? share = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxConcurrentProbes, 1);
        var actor = Actor.System("health");
        _registry = registry;
        _heartbeats = heartbeats;
        _time = time;
        _metrics = metrics;
        _logger = logger;
        _probes = probes.ToDictionary(probe => probe.Kind);
        _engine = new(time, options.AllowedNetworks, board);
        _share = share ?? new(time, Ownership.Everything);
        _transitions = new(registry, actor, time);
        _upkeep = new(registry, actor, time);
        _maxConcurrent = options.MaxConcurrentProbes;
        _judgeHeartbeat = (key, heartbeat) =>
        {
            _engine.Beat(key, heartbeat, registry.Current);
            metrics.Heard(heartbeat.Outcome);
        };
        // Never full: as many results as probes under way.
        _results = Channel.CreateBounded<(ProbeOrder, ProbeResult)>(new BoundedChannelOptions(_maxConcurrent) { SingleReader = true });
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        _heartbeats.Arrived = Wake;
        _share.Changed += Wake;
        _lastTurn = _time.GetTimestamp();
        var timer = _time.CreateTimer(static monitor => ((HealthMonitor)monitor!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            await Task.WhenAll(FollowAsync(stoppingToken), RunAsync(timer, stoppingToken)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The console stops.
        }
        finally
        {
            _heartbeats.Arrived = null;
            _share.Changed -= Wake;
            await timer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private Task FollowAsync(CancellationToken cancellationToken) => _registry.Feed.FollowTogetherAsync(
        _ =>
        {
            _touched.NoteEverything();
            Wake();
            return ValueTask.CompletedTask;
        },
        updates =>
        {
            _touched.Note(updates);
            Wake();
            return ValueTask.CompletedTask;
        },
        new StepPace(FollowGap),
        cancellationToken);

    private async Task RunAsync(ITimer timer, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                Turn(cancellationToken);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                // A fault about one instance must not end the health checks of all others.
                LogTurnFailed(failure);
            }

            timer.Change(UntilNextTurn(), Timeout.InfiniteTimeSpan);
            await _wake.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void Turn(CancellationToken cancellationToken)
    {
        _engine.Own(_share.Current);
        _touched.Sync(_engine, _registry);
        NoticePauses();
        while (_results.Reader.TryRead(out var completed))
        {
            _inFlight--;
            _engine.Complete(completed.Order, completed.Result);
        }

        _heartbeats.DrainTo(_judgeHeartbeat);
        while (_inFlight < _maxConcurrent && _engine.TryOrder(out var order))
        {
            _inFlight++;
            _metrics.Started(order.Lateness);
            _ = ProbeAsync(_probes[order.Target.Check.Kind], order, cancellationToken);
        }

        Record(cancellationToken);
        _metrics.Checks(_engine.Count);
    }

    private void NoticePauses()
    {
        var now = _time.GetTimestamp();
        var available = _registry.Availability.IsAvailable;
        if (_time.GetElapsedTime(_lastTurn, now) > PauseThreshold)
        {
            LogPaused(_time.GetElapsedTime(_lastTurn, now).TotalSeconds);
            _engine.GrantLeases();
        }
        else if ((available && !_wasAvailable) || (_heartbeats.IsPartial && _time.GetElapsedTime(_lastGrant, now) >= UpkeepInterval))
        {
            _lastGrant = now;
            _engine.GrantLeases();
        }

        _wasAvailable = available;
        _lastTurn = now;
    }

    private void Record(CancellationToken cancellationToken)
    {
        var now = _time.GetTimestamp();
        foreach (var (command, result) in _transitions.TakeAnswers())
        {
            if (result is CommandResult.Committed { Change: not null } or CommandResult.Overlaid)
            {
                _metrics.Recorded(((RecordHealth)command).Transitions.Length);
            }
        }

        foreach (var (command, result) in _upkeep.TakeAnswers())
        {
            if (result is CommandResult.Committed)
            {
                _engine.Done(command);
                Tell(command);
            }
        }

        if (_engine.HasUnrecorded && _transitions.IsReady(now) && _engine.TakeTransitions(_registry.Current) is { IsEmpty: false } transitions)
        {
            _transitions.Send(transitions, Wake, cancellationToken);
        }

        if (_wasAvailable && _upkeep.IsReady(now) && _time.GetElapsedTime(_lastUpkeep, now) >= UpkeepInterval)
        {
            _lastUpkeep = now;
            if (_engine.TakeUpkeep(_registry.Current) is { IsEmpty: false } upkeep)
            {
                _upkeep.Send(upkeep, Wake, cancellationToken);
            }
        }
    }

    private void Tell(RegistryCommand command)
    {
        switch (command)
        {
            case RemoveInstances removal:
                _metrics.Removed(removal.Ids.Length);
                LogRemoved(removal.Ids.Length, removal.Service, removal.Cause);
                break;
            case SetBrake { Brake: { } brake } engage:
                LogBrakeEngaged(engage.Service, brake.Lost, brake.Total);
                break;
            case SetBrake release:
                LogBrakeReleased(release.Service);
                break;
        }
    }

    private TimeSpan UntilNextTurn()
    {
        var now = _time.GetTimestamp();
        var next = now + (long)(UpkeepInterval.TotalSeconds * _time.TimestampFrequency);
        // With all places taken only the end of a probe makes room.
        if (_inFlight < _maxConcurrent && _engine.NextDue is { } due)
        {
            next = Math.Min(next, due);
        }

        if (_transitions.NotBefore is { } retry && _engine.HasUnrecorded)
        {
            next = Math.Min(next, retry);
        }

        // Rounded up: a timer that fires a tick early would find nothing due and spin.
        var wait = Math.Ceiling(_time.GetElapsedTime(now, Math.Max(next, now)).TotalMilliseconds);
        return TimeSpan.FromMilliseconds(wait);
    }

    private async Task ProbeAsync(IProbe probe, ProbeOrder order, CancellationToken cancellationToken)
    {
        ProbeResult result;
        try
        {
            result = await probe.ProbeAsync(order.Target, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            result = new(CheckOutcome.Critical, Evidence.Clean(failure.Message), TimeSpan.Zero);
        }

        _metrics.Ended(probe.Kind, result.Outcome);
        if (!cancellationToken.IsCancellationRequested)
        {
            _results.Writer.TryWrite((order, result));
            Wake();
        }
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    [LoggerMessage(LogLevel.Error, "Health checks: a turn failed and goes on with the next")]
    private partial void LogTurnFailed(Exception failure);

    [LoggerMessage(LogLevel.Warning, "Health checks stood still for {Seconds:0.0} s; every ttl instance gets a full lease from now on")]
    private partial void LogPaused(double seconds);

    [LoggerMessage(LogLevel.Warning, "Removed {Count} instance(s) of {Service}: {Cause}")]
    private partial void LogRemoved(int count, string service, string cause);

    [LoggerMessage(LogLevel.Error, "Mass-loss brake of {Service}: {Lost} of {Total} instances were lost at once; none is removed until they return or an operator releases it")]
    private partial void LogBrakeEngaged(string service, int lost, int total);

    [LoggerMessage(LogLevel.Warning, "Mass-loss brake of {Service} released")]
    private partial void LogBrakeReleased(string service);
}
