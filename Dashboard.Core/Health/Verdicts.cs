using System.Collections.Immutable;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Health;

/// <summary>
/// What results of checks mean: the verdict on each instance, what the board shows of it, and which verdicts the registry may not have yet. Part of <see cref="HealthEngine"/>, and like it without
/// threads.
/// </summary>
/// <param name="services">The engine's.</param>
internal sealed class Verdicts(TimeProvider time, HealthBoard board, Losses losses, IReadOnlyDictionary<string, ServiceChecks> services)
{
    // Checks whose verdict the registry may not have yet.
    private readonly HashSet<InstanceCheck> _unrecorded = [];

    public bool HasUnrecorded => _unrecorded.Count > 0;

    /// <summary>Takes a result: counts it, and turns the verdict when it makes the run of passes or failures long enough.</summary>
    public void Judge(InstanceCheck check, ProbeResult result, int fall, int? rise = null)
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
    public void Settle(InstanceCheck check, HealthStatus status, string output)
    {
        var before = check.Tally.Status;
        check.Tally = new(status, 0, 0);
        if (before != status)
        {
            Turn(check, before, output, 0);
        }

        board.Set(check.Key, new() { Kind = check.Check.Kind, Verdict = status, Output = output });
    }

    /// <summary>Puts on the board what is known of a check.</summary>
    /// <param name="result">What made it known; null = nothing was seen yet.</param>
    public void Show(InstanceCheck check, ProbeResult? result)
    {
        var wall = time.GetUtcNow();
        board.Set(check.Key, new()
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
                : wall + time.GetElapsedTime(time.GetTimestamp(), check.Check.Kind == CheckKind.Ttl ? check.LeaseEnd : check.Due),
        });
    }

    /// <summary>Takes over what the registry says of an instance that another console looks at.</summary>
    public void Mirror(ServiceChecks service, InstanceCheck check, Instance instance)
    {
        var before = check.Tally.Status;
        check.Tally = new(instance.HealthStatus, 0, 0);
        check.NotProbed = null;
        if (before != instance.HealthStatus)
        {
            losses.Count(service, check, before, instance.Health?.Since ?? Now());
        }

        board.Set(check.Key, new() { Kind = check.Check.Kind, Verdict = instance.HealthStatus, Output = instance.Health?.Output ?? "" });
    }

    /// <summary>The registry says something else: not recorded yet, or a restore brought an older verdict back.</summary>
    public void Repeat(InstanceCheck check)
    {
        check.Verdict ??= new(check.Tally.Status, Now(), board.Find(check.Key)?.Output, check.Tally.Consecutive);
        _unrecorded.Add(check);
    }

    /// <summary>What was seen here is not this console's to say any more.</summary>
    public void Withdraw(InstanceCheck check) => _unrecorded.Remove(check);

    /// <summary>It is not looked at any more.</summary>
    public void Forget(InstanceCheck check)
    {
        _unrecorded.Remove(check);
        board.Remove(check.Key);
    }

    /// <summary>Transitions that the registry does not have yet, one command a service.</summary>
    public ImmutableArray<RecordHealth> TakeTransitions(RegistrySnapshot current, Ownership share)
    {
        _unrecorded.RemoveWhere(check => !IsCurrent(check) || check.Verdict is not { } verdict || current.FindInstance(check.Key) is not { } instance || instance.HealthStatus == verdict.Status);
        return [.. _unrecorded
            .GroupBy(check => check.Key.Service, StringComparer.Ordinal)
            .Select(group => new RecordHealth(group.Key, [.. group.Select(check => new HealthTransition(check.Key, check.Verdict!, check.Entry.Registration))])
            {
                Fences = share.FencesOf(group.Select(check => HealthShard.Of(check.Key))),
            })];
    }

    private void Turn(InstanceCheck check, HealthStatus before, string output, int consecutive)
    {
        check.Verdict = new(check.Tally.Status, Now(), output, consecutive);
        _unrecorded.Add(check);
        losses.Count(services[check.Key.Service], check, before, check.Verdict.Since);
    }

    // Cut to microseconds, as the store keeps it: what comes back from there is then equal.
    private DateTimeOffset Now()
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    private bool IsCurrent(InstanceCheck check) =>
        services.TryGetValue(check.Key.Service, out var service) && service.Instances.TryGetValue(check.Key.Id, out var known) && ReferenceEquals(known, check);
}
