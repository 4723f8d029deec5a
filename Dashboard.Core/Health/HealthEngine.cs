using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Health;

/// <summary>
/// Who is looked at when, what the results mean, and which commands follow. A state machine without I/O and without threads: <see cref="HealthMonitor"/> calls it from one loop.
/// </summary>
/// <remarks>
/// Commands follow from a comparison, not from events: as long as the registry says something else than the verdict, the transition is due again. So one that was refused, timed out or got
/// no answer is never lost, and never sent out of date.
/// </remarks>
internal sealed class HealthEngine
{
    private readonly TimeProvider _time;
    private readonly AllowedNetworks _allowed;
    private readonly HealthBoard _board;
    private readonly Dictionary<string, ServiceChecks> _services = new(StringComparer.Ordinal);
    private readonly CheckSchedule _schedule;
    private readonly Losses _losses;

    // Checks whose verdict the registry may not have yet.
    private readonly HashSet<InstanceCheck> _unrecorded = [];

    // Of the service that is being synced.
    private readonly List<Instance> _changed = [];
    private readonly List<InstanceCheck> _gone = [];

    public HealthEngine(TimeProvider time, AllowedNetworks allowed, HealthBoard board)
    {
        (_time, _allowed, _board) = (time, allowed, board);
        _schedule = new(time);
        _losses = new(time, _services);
    }

    /// <summary>When a check is due next, a timestamp; null = none.</summary>
    public long? NextDue => _schedule.NextDue;

    public bool HasUnrecorded => _unrecorded.Count > 0;

    public int Count { get; private set; }

    /// <summary>The part of the checks that is this console's; it mirrors what the registry says of the rest.</summary>
    public Ownership Share { get; private set; } = Ownership.Everything;

    /// <summary>Begins to look at what has become this console's and stops with what is not any more.</summary>
    public void Own(Ownership share)
    {
        var before = Share;
        Share = share;
        if (share.IsSameShare(before))
        {
            return;
        }

        foreach (var service in _services.Values)
        {
            foreach (var check in service.Instances.Values)
            {
                if (check.IsOwned != share.Owns(check.Key))
                {
                    HandOver(service, check);
                }
                else if (check.IsOwned && share.EpochOf(check.Key) != before.EpochOf(check.Key))
                {
                    // Lost and got again between two looks, as after a pause of this process: what was asked before is not asked for any more.
                    HandOver(service, check);
                    HandOver(service, check);
                }
            }
        }
    }

    /// <summary>Makes the checks fit a snapshot as a whole: after a start, an overflow or a restore.</summary>
    public void SyncAll(RegistrySnapshot snapshot)
    {
        foreach (var name in _services.Keys.Where(name => !snapshot.Services.ContainsKey(name)).ToArray())
        {
            Sync(name, snapshot);
        }

        foreach (var name in snapshot.Services.Keys)
        {
            Sync(name, snapshot);
        }
    }

    /// <summary>Makes the checks of one service fit a snapshot.</summary>
    public void Sync(string name, RegistrySnapshot snapshot)
    {
        var known = _services.GetValueOrDefault(name);
        if (!snapshot.TryGetService(name, out var service))
        {
            if (known is not null)
            {
                foreach (var check in known.Instances.Values.ToArray())
                {
                    Remove(known, check);
                }

                _services.Remove(name);
            }

            return;
        }

        if (known is not null && ReferenceEquals(known.Fitted, service))
        {
            return;
        }

        var settled = known is not null && ReferenceEquals(known.Snapshot.Definition, service.Definition);
        known ??= _services[name] = new(service);
        known.Snapshot = service;
        known.Fitted = service;
        known.WantedCount = 0;
        _changed.Clear();
        foreach (var (id, instance) in service.Instances)
        {
            known.WantedCount += instance.EffectiveIntent.IsActive ? 1 : 0;
            // Snapshots share the instances that did not change: most of a large service's.
            if (!settled || !known.Instances.TryGetValue(id, out var check) || !ReferenceEquals(check.Seen, instance))
            {
                _changed.Add(instance);
            }
        }

        foreach (var instance in _changed)
        {
            Sync(known, instance);
        }

        if (known.Instances.Count > service.Instances.Count)
        {
            foreach (var check in known.Instances.Values.Where(check => !service.Instances.ContainsKey(check.Key.Id)).ToArray())
            {
                Remove(known, check);
            }
        }
    }

    /// <summary>Makes the checks of some of a service's instances fit a snapshot: those that changed, where nothing else did. In a large service most stay as they are.</summary>
    public void Sync(string name, IReadOnlyCollection<string> ids, RegistrySnapshot snapshot)
    {
        if (!_services.TryGetValue(name, out var known) || !snapshot.TryGetService(name, out var service) || !ReferenceEquals(known.Snapshot.Definition, service.Definition))
        {
            Sync(name, snapshot);
            return;
        }

        known.Snapshot = service;
        _changed.Clear();
        _gone.Clear();
        foreach (var id in ids)
        {
            var check = known.Instances.GetValueOrDefault(id);
            if (!service.Instances.TryGetValue(id, out var instance))
            {
                if (check is not null)
                {
                    _gone.Add(check);
                    known.WantedCount -= check.IsWanted ? 1 : 0;
                }
            }
            else if (!ReferenceEquals(check?.Seen, instance))
            {
                _changed.Add(instance);
                known.WantedCount += (instance.EffectiveIntent.IsActive ? 1 : 0) - (check is { IsWanted: true } ? 1 : 0);
            }
        }

        foreach (var instance in _changed)
        {
            Sync(known, instance);
        }

        foreach (var check in _gone)
        {
            Remove(known, check);
        }
    }

    /// <summary>Every ttl instance gets one full lease from now on: after a start, a pause of this process or an outage of the store, silence says nothing yet.</summary>
    public void GrantLeases()
    {
        var now = _time.GetTimestamp();
        foreach (var check in _services.Values.SelectMany(service => service.Instances.Values))
        {
            if (check.Check.Kind == CheckKind.Ttl && check.Due != long.MaxValue)
            {
                StartLease(check, now);
            }
        }
    }

    /// <summary>Ends the leases that ran out and gives the next probe that is due.</summary>
    public bool TryOrder([NotNullWhen(true)] out ProbeOrder? order)
    {
        var now = _time.GetTimestamp();
        while (_schedule.TryTake(now, out var check))
        {
            if (check.Check.Kind == CheckKind.Ttl && check.LeaseEnd > now)
            {
                _schedule.At(check, check.LeaseEnd);
            }
            else if (check.Check.Kind == CheckKind.Ttl)
            {
                CheckSchedule.Cancel(check);
                Judge(check, new(CheckOutcome.Critical, $"no heartbeat for {check.Lease.TotalSeconds:0.###} s", TimeSpan.Zero), fall: 1);
            }
            else if (check.InFlight)
            {
                // The one before has not ended: its end plans the next.
                CheckSchedule.Cancel(check);
            }
            else if (check.TryGetEndPoint(out var endPoint))
            {
                check.InFlight = true;
                order = new(check, check.Epoch, new(check.Key, endPoint, check.Check, Protocol(check)), _time.GetElapsedTime(check.Due, now));
                CheckSchedule.Cancel(check);
                return true;
            }
        }

        order = null;
        return false;
    }

    /// <summary>Takes a probe's result.</summary>
    public void Complete(ProbeOrder order, ProbeResult result)
    {
        var check = order.Check;
        check.InFlight = false;
        if (!IsCurrent(check))
        {
            return;
        }

        var now = _time.GetTimestamp();
        if (order.Epoch != check.Epoch)
        {
            // It looked at what is not asked for any more; what is asked for now waited for its end.
            if (check.Due == long.MaxValue && check.IsOwned && IsProbed(check))
            {
                _schedule.At(check, now);
            }

            return;
        }

        var unknown = check.Tally.Status == HealthStatus.Unknown;
        // Planned before judged, so that the evidence names the next look.
        var next = HealthPolicy.Judge(check.Tally, result.Outcome, check.Check.Rise, check.Check.Fall);
        if (next.Status == HealthStatus.Unknown)
        {
            _schedule.Soon(check, now, result.Outcome != CheckOutcome.Critical);
        }
        else if (unknown)
        {
            _schedule.BeginRounds(check, now, earliest: 0.5);
        }
        else
        {
            _schedule.Next(check, now);
        }

        Judge(check, result, check.Check.Fall);
    }

    /// <summary>Takes a heartbeat. One of an instance that is not known here yet is taken after a look at the snapshot.</summary>
    public void Beat(InstanceKey key, Heartbeat heartbeat, RegistrySnapshot snapshot)
    {
        if (Find(key) is null)
        {
            Sync(key.Service, snapshot);
        }

        if (Find(key) is not { IsOwned: true } check || check.Check.Kind != CheckKind.Ttl)
        {
            return;
        }

        StartLease(check, heartbeat.At);
        Judge(check, new(heartbeat.Outcome, heartbeat.Output, TimeSpan.Zero), fall: 1, rise: 1);
    }

    /// <summary>Transitions that the registry does not have yet, one command a service.</summary>
    public ImmutableArray<RecordHealth> TakeTransitions(RegistrySnapshot current)
    {
        _unrecorded.RemoveWhere(check => !IsCurrent(check) || check.Verdict is not { } verdict || current.FindInstance(check.Key) is not { } instance || instance.HealthStatus == verdict.Status);
        return [.. _unrecorded
            .GroupBy(check => check.Key.Service, StringComparer.Ordinal)
            .Select(group => new RecordHealth(group.Key, [.. group.Select(check => new HealthTransition(check.Key, check.Verdict!, check.Entry.Registration))])
            {
                Fences = Share.FencesOf(group.Select(check => HealthShard.Of(check.Key))),
            })];
    }

    /// <summary>Brakes to engage, refresh or release, and removals that are due. Not while an earlier answer is outstanding.</summary>
    public ImmutableArray<RegistryCommand> TakeUpkeep(RegistrySnapshot current) => _losses.TakeUpkeep(current, Share);

    /// <summary>Notes that the registry carried out a command of <see cref="TakeUpkeep"/>.</summary>
    public void Done(RegistryCommand command) => _losses.Done(command);

    private static bool IsProbed(InstanceCheck check) => check.NotProbed is null && check.Check.Kind is CheckKind.Tcp or CheckKind.Http or CheckKind.Grpc;

    private ServiceProtocol Protocol(InstanceCheck check) => _services[check.Key.Service].Snapshot.Settings.Protocol;

    private InstanceCheck? Find(InstanceKey key) =>
        _services.TryGetValue(key.Service, out var service) && service.Instances.TryGetValue(key.Id, out var check) ? check : null;

    private bool IsCurrent(InstanceCheck check) => ReferenceEquals(Find(check.Key), check);

    private void Sync(ServiceChecks service, Instance instance)
    {
        var settings = service.Snapshot.Settings;
        var known = service.Instances.GetValueOrDefault(instance.Id);
        if (known is not null && IsAnotherProcess(known.Entry, instance.Entry))
        {
            Remove(service, known);
            known = null;
        }

        if (known is null)
        {
            Add(service, instance, settings);
            return;
        }

        var wanted = instance.EffectiveIntent.IsActive;
        if (known.IsWanted && !wanted)
        {
            service.Brake.Return(known.Key.Id, service.WantedCount);
        }

        known.IsWanted = wanted;
        known.Seen = instance;
        var changed = known.Check != settings.Check || known.Entry.Registration.Ttl != instance.Registration.Ttl;
        known.Entry = instance.Entry;
        known.Settings = settings;
        if (!known.IsOwned)
        {
            Mirror(service, known, instance);
            return;
        }

        if (changed)
        {
            known.Epoch++;
            known.Tally = known.Tally with { Passes = 0, Failures = 0 };
            Start(known, _time.GetTimestamp());
        }

        if (known.Tally.Status == HealthStatus.Unknown && known.NotProbed is null)
        {
            // Someone else judged it first; what was seen here goes on from there.
            known.Tally = known.Tally with { Status = instance.HealthStatus };
        }
        else if (known.Tally.Status != instance.HealthStatus)
        {
            // Not recorded yet, or a restore brought an older verdict back.
            known.Verdict ??= new(known.Tally.Status, Now(), _board.Find(known.Key)?.Output, known.Tally.Consecutive);
            _unrecorded.Add(known);
        }
    }

    // Cut to microseconds, as the store keeps it: what comes back from there is then equal.
    private DateTimeOffset Now()
    {
        var now = _time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    // A registration that came back after it was gone, or that moved, may be anything: what was seen of the old one does not count.
    private static bool IsAnotherProcess(InstanceEntry known, InstanceEntry now) =>
        known.CreatedRevision != now.CreatedRevision || known.Registration.Address != now.Registration.Address || known.Registration.Port != now.Registration.Port;

    private void Add(ServiceChecks service, Instance instance, ServiceSettings settings)
    {
        var now = _time.GetTimestamp();
        var check = new InstanceCheck(instance.Key)
        {
            Entry = instance.Entry,
            Seen = instance,
            Settings = settings,
            IsOwned = Share.Owns(instance.Key),
            IsWanted = instance.EffectiveIntent.IsActive,
            Tally = new(instance.HealthStatus, 0, 0),
        };
        service.Instances.Add(instance.Id, check);
        Count++;
        if (instance.HealthStatus == HealthStatus.Unhealthy)
        {
            _losses.Remember(check, _time.GetUtcNow() - instance.Health!.Since);
        }

        if (check.IsOwned)
        {
            Start(check, now);
        }
        else
        {
            Mirror(service, check, instance);
        }
    }

    private void HandOver(ServiceChecks service, InstanceCheck check)
    {
        check.IsOwned = !check.IsOwned;
        check.Epoch++;
        check.Verdict = null;
        check.ConfirmedUnhealthy = false;
        _unrecorded.Remove(check);
        CheckSchedule.Cancel(check);
        if (service.Snapshot.Instances.GetValueOrDefault(check.Key.Id) is { } instance)
        {
            Mirror(service, check, instance);
        }

        if (check.IsOwned)
        {
            Start(check, _time.GetTimestamp());
        }
    }

    /// <summary>Takes over what the registry says of an instance that another console looks at.</summary>
    private void Mirror(ServiceChecks service, InstanceCheck check, Instance instance)
    {
        var before = check.Tally.Status;
        check.Tally = new(instance.HealthStatus, 0, 0);
        check.NotProbed = null;
        if (before != instance.HealthStatus)
        {
            _losses.Count(service, check, before, instance.Health?.Since ?? Now());
        }

        _board.Set(check.Key, new() { Kind = check.Check.Kind, Verdict = instance.HealthStatus, Output = instance.Health?.Output ?? "" });
    }

    /// <summary>Begins to look at an instance as its settings ask.</summary>
    private void Start(InstanceCheck check, long now)
    {
        CheckSchedule.Cancel(check);
        check.NotProbed = null;
        switch (check.Check.Kind)
        {
            case CheckKind.None:
                Settle(check, HealthStatus.Healthy, "not checked");
                break;
            case CheckKind.Ttl:
                StartLease(check, now);
                Show(check, null);
                break;
            default:
                if (!check.TryGetEndPoint(out var endPoint) || !_allowed.Allows(endPoint.Address))
                {
                    check.NotProbed = $"not probed: {check.Entry.Registration.Address} is outside Health:AllowedNetworks";
                    Settle(check, HealthStatus.Unknown, check.NotProbed);
                }
                else if (check.Tally.Status == HealthStatus.Unknown)
                {
                    _schedule.At(check, now);
                    Show(check, null);
                }
                else
                {
                    _schedule.BeginRounds(check, now);
                    Show(check, null);
                }

                break;
        }
    }

    private void StartLease(InstanceCheck check, long from)
    {
        check.LeaseEnd = from + _schedule.Ticks(check.Lease);
        if (check.Due > check.LeaseEnd)
        {
            _schedule.At(check, check.LeaseEnd);
        }
    }

    private void Remove(ServiceChecks service, InstanceCheck check)
    {
        service.Instances.Remove(check.Key.Id);
        service.Brake.Return(check.Key.Id, service.WantedCount);
        CheckSchedule.Cancel(check);
        check.Epoch++;
        _unrecorded.Remove(check);
        _losses.Forget(check);
        _board.Remove(check.Key);
        Count--;
    }

    private void Judge(InstanceCheck check, ProbeResult result, int fall, int? rise = null)
    {
        var before = check.Tally;
        check.Tally = HealthPolicy.Judge(before, result.Outcome, rise ?? check.Check.Rise, fall);
        check.ConfirmedUnhealthy = check.Tally.Status == HealthStatus.Unhealthy && (check.ConfirmedUnhealthy || check.Tally.Failures >= fall);
        if (check.Tally.Status != before.Status)
        {
            Turn(check, before.Status, result.Output, check.Tally.Consecutive);
        }

        Show(check, result);
    }

    /// <summary>A verdict that no result made: trusted, or not to be looked at.</summary>
    private void Settle(InstanceCheck check, HealthStatus status, string output)
    {
        var before = check.Tally.Status;
        check.Tally = new(status, 0, 0);
        if (before != status)
        {
            Turn(check, before, output, 0);
        }

        _board.Set(check.Key, new() { Kind = check.Check.Kind, Verdict = status, Output = output });
    }

    private void Turn(InstanceCheck check, HealthStatus before, string output, int consecutive)
    {
        check.Verdict = new(check.Tally.Status, Now(), output, consecutive);
        _unrecorded.Add(check);
        _losses.Count(_services[check.Key.Service], check, before, check.Verdict.Since);
    }

    private void Show(InstanceCheck check, ProbeResult? result)
    {
        var wall = _time.GetUtcNow();
        _board.Set(check.Key, new()
        {
            Kind = check.Check.Kind,
            Verdict = check.Tally.Status,
            Outcome = result?.Outcome,
            Output = result?.Output ?? "",
            At = result is null ? null : wall,
            Duration = result?.Duration ?? TimeSpan.Zero,
            Passes = check.Tally.Passes,
            Failures = check.Tally.Failures,
            Next = check.Due == long.MaxValue ? null
                : wall + _time.GetElapsedTime(_time.GetTimestamp(), check.Check.Kind == CheckKind.Ttl ? check.LeaseEnd : check.Due),
        });
    }
}
