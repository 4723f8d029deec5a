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
    private readonly Dictionary<string, ServiceChecks> _services = new(StringComparer.Ordinal);
    private readonly CheckSchedule _schedule;
    private readonly Losses _losses;
    private readonly RegistryFit _fit;
    private readonly Verdicts _verdicts;

    public HealthEngine(TimeProvider time, AllowedNetworks allowed, HealthBoard board)
    {
        (_time, _allowed) = (time, allowed);
        _schedule = new(time);
        _losses = new(time, _services);
        _fit = new(_services, Sync, Remove);
        _verdicts = new(time, board, _losses, _services);
    }

    /// <summary>When a check is due next, a timestamp; null = none.</summary>
    public long? NextDue => _schedule.NextDue;

    public bool HasUnrecorded => _verdicts.HasUnrecorded;

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

    /// <inheritdoc cref="RegistryFit.All"/>
    public void SyncAll(RegistrySnapshot snapshot) => _fit.All(snapshot);

    /// <inheritdoc cref="RegistryFit.Service(string, RegistrySnapshot)"/>
    public void Sync(string name, RegistrySnapshot snapshot) => _fit.Service(name, snapshot);

    /// <inheritdoc cref="RegistryFit.Instances"/>
    public void Sync(string name, IReadOnlyCollection<string> ids, RegistrySnapshot snapshot) => _fit.Instances(name, ids, snapshot);

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
                _verdicts.Judge(check, new(CheckOutcome.Critical, $"no heartbeat for {check.Lease.TotalSeconds:0.###} s", TimeSpan.Zero), fall: 1);
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

        _verdicts.Judge(check, result, check.Check.Fall);
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
        _verdicts.Judge(check, new(heartbeat.Outcome, heartbeat.Output, TimeSpan.Zero), fall: 1, rise: 1);
    }

    /// <inheritdoc cref="Verdicts.TakeTransitions"/>
    public ImmutableArray<RecordHealth> TakeTransitions(RegistrySnapshot current) => _verdicts.TakeTransitions(current, Share);

    /// <summary>Brakes to engage, refresh or release, and removals that are due. Not while an earlier answer is outstanding.</summary>
    public ImmutableArray<RegistryCommand> TakeUpkeep(RegistrySnapshot current) => _losses.TakeUpkeep(current, Share);

    /// <summary>Notes that the registry carried out a command of <see cref="TakeUpkeep"/>.</summary>
    public void Done(RegistryCommand command) => _losses.Done(command);

    private static bool IsProbed(InstanceCheck check) => check.NotProbed is null && check.Check.Kind is CheckKind.Tcp or CheckKind.Http or CheckKind.Grpc;

    // What was taken over from the registry and not found by a whole run of results here.
    private static bool IsOnlyMirrored(InstanceCheck check) =>
        check.Verdict is null
        && check.NotProbed is null
        && check.Check.Kind switch
        {
            CheckKind.None => false,
            CheckKind.Ttl => check.Tally.Consecutive == 0,
            _ => check.Tally.Passes < check.Check.Rise && check.Tally.Failures < check.Check.Fall,
        };

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
            _verdicts.Mirror(service, known, instance);
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
        else if (known.Tally.Status != instance.HealthStatus && IsOnlyMirrored(known))
        {
            // The last word of the owner before, read after its share was taken.
            _verdicts.Mirror(service, known, instance);
        }
        else if (known.Tally.Status != instance.HealthStatus)
        {
            _verdicts.Repeat(known);
        }
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
            _verdicts.Mirror(service, check, instance);
        }
    }

    private void HandOver(ServiceChecks service, InstanceCheck check)
    {
        check.IsOwned = !check.IsOwned;
        check.Epoch++;
        check.Verdict = null;
        check.ConfirmedUnhealthy = false;
        _verdicts.Withdraw(check);
        CheckSchedule.Cancel(check);
        if (service.Snapshot.Instances.GetValueOrDefault(check.Key.Id) is { } instance)
        {
            _verdicts.Mirror(service, check, instance);
        }

        if (check.IsOwned)
        {
            Start(check, _time.GetTimestamp());
        }
    }

    /// <summary>Begins to look at an instance as its settings ask.</summary>
    private void Start(InstanceCheck check, long now)
    {
        CheckSchedule.Cancel(check);
        check.NotProbed = null;
        switch (check.Check.Kind)
        {
            case CheckKind.None:
                _verdicts.Settle(check, HealthStatus.Healthy, "not checked");
                break;
            case CheckKind.Ttl:
                StartLease(check, now);
                _verdicts.Show(check, null);
                break;
            default:
                if (!check.TryGetEndPoint(out var endPoint) || !_allowed.Allows(endPoint.Address))
                {
                    check.NotProbed = $"not probed: {check.Entry.Registration.Address} is outside Health:AllowedNetworks";
                    _verdicts.Settle(check, HealthStatus.Unknown, check.NotProbed);
                }
                else if (check.Tally.Status == HealthStatus.Unknown)
                {
                    _schedule.At(check, now);
                    _verdicts.Show(check, null);
                }
                else
                {
                    _schedule.BeginRounds(check, now);
                    _verdicts.Show(check, null);
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
        _losses.Forget(check);
        _verdicts.Forget(check);
        Count--;
    }
}
