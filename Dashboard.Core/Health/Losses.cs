using System.Collections.Immutable;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Health;

/// <summary>
/// What lost instances mean for their services: the mass-loss brake, and the removal of those that stay away. Part of <see cref="HealthEngine"/>, and like it without threads.
/// </summary>
/// <param name="services">The engine's.</param>
internal sealed class Losses(TimeProvider time, IReadOnlyDictionary<string, ServiceChecks> services)
{
    private static readonly TimeSpan BrakeRefresh = TimeSpan.FromSeconds(10);

    private readonly HashSet<InstanceCheck> _unhealthy = [];

    /// <summary>A check's verdict has turned: counts what is lost and what came back.</summary>
    /// <param name="before">The verdict before.</param>
    /// <param name="since">Since when it is as it is now.</param>
    public void Count(ServiceChecks service, InstanceCheck check, HealthStatus before, DateTimeOffset since)
    {
        var now = time.GetTimestamp();
        if (check.Tally.Status == HealthStatus.Unhealthy)
        {
            check.UnhealthySince = now;
            _unhealthy.Add(check);
            if (before is HealthStatus.Healthy or HealthStatus.Degraded && check.IsWanted)
            {
                service.Brake.Lose(check.Key.Id, now, Ticks(service.Window), service.WantedCount, since);
            }
        }
        else
        {
            check.UnhealthySince = null;
            _unhealthy.Remove(check);
            service.Brake.Return(check.Key.Id, service.WantedCount);
        }
    }

    /// <summary>One that was already lost when it became known.</summary>
    /// <param name="age">For how long; one from the future, by another clock, counts as of now.</param>
    public void Remember(InstanceCheck check, TimeSpan age)
    {
        check.UnhealthySince = time.GetTimestamp() - Ticks(age > TimeSpan.Zero ? age : TimeSpan.Zero);
        _unhealthy.Add(check);
    }

    /// <summary>It is not looked at any more.</summary>
    public void Forget(InstanceCheck check) => _unhealthy.Remove(check);

    /// <summary>Brakes to engage, refresh or release, and removals that are due. Not while an earlier answer is outstanding.</summary>
    public ImmutableArray<RegistryCommand> TakeUpkeep(RegistrySnapshot current, Ownership share)
    {
        var now = time.GetTimestamp();
        var commands = ImmutableArray.CreateBuilder<RegistryCommand>();
        foreach (var (name, service) in services)
        {
            if (!current.TryGetService(name, out var snapshot))
            {
                continue;
            }

            service.Brake.Follow(snapshot.Brake, now, () => Unhealthy(service).Where(check => check.IsWanted).Select(check => check.Key.Id));
            var wanted = service.Brake.Wanted;
            var refresh = wanted is not null && snapshot.Brake is not null && wanted != snapshot.Brake && time.GetElapsedTime(service.BrakeSent, now) >= BrakeRefresh;
            // Every console counts the losses, its own and others'; one of them acts.
            if ((wanted is null != snapshot.Brake is null || refresh) && share.Owns(HealthShard.Of(name)))
            {
                service.BrakeSent = now;
                commands.Add(new SetBrake(name, wanted) { Fences = share.FencesOf([HealthShard.Of(name)]) });
            }
        }

        foreach (var group in _unhealthy.Where(check => IsRemovalDue(check, now)).GroupBy(check => check.Key.Service, StringComparer.Ordinal))
        {
            var service = services[group.Key];
            if (service.Brake.Wanted is null && current.TryGetService(group.Key, out var snapshot) && snapshot.Brake is null)
            {
                commands.Add(Removal(service, share, [.. group.OrderBy(check => check.Key.Id, StringComparer.Ordinal)]));
            }
        }

        return commands.ToImmutable();
    }

    /// <summary>Notes that the registry carried out a command of <see cref="TakeUpkeep"/>.</summary>
    public void Done(RegistryCommand command)
    {
        if (command is SetBrake { Brake: null } release && services.TryGetValue(release.Service, out var service))
        {
            service.Brake.Released();
        }
    }

    private RemoveInstances Removal(ServiceChecks service, Ownership share, InstanceCheck[] checks)
    {
        var after = service.Snapshot.Settings.RemoveAfter.TotalSeconds;
        var cause = checks is [var one]
            ? $"unhealthy or silent for more than {after:0.###} s, last: {one.Verdict?.Output ?? service.Snapshot.Instances.GetValueOrDefault(one.Key.Id)?.Health?.Output ?? "nothing"}"
            : $"unhealthy or silent for more than {after:0.###} s";
        return new(service.Snapshot.Name, [.. checks.Select(check => check.Key.Id)], cause)
        {
            Reason = cause,
            Fences = share.FencesOf(checks.Select(check => HealthShard.Of(check.Key))),
        };
    }

    private static IEnumerable<InstanceCheck> Unhealthy(ServiceChecks service) => service.Instances.Values.Where(check => check.Tally.Status == HealthStatus.Unhealthy);

    // Not before one lease has passed, or the first of many that fail together would be gone before the brake can see the third.
    private bool IsRemovalDue(InstanceCheck check, long now)
    {
        if (check.Settings.RemoveAfter <= TimeSpan.Zero || !check.ConfirmedUnhealthy || check.UnhealthySince is not { } since)
        {
            return false;
        }

        var window = services[check.Key.Service].Window;
        return time.GetElapsedTime(since, now) > (check.Settings.RemoveAfter > window ? check.Settings.RemoveAfter : window);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
