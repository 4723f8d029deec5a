using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Agent;

/// <summary>
/// Which HAProxy was told what, and when: an agent check asks for one instance at a time, so a HAProxy has taken a service's revision when each of its checks
/// for that service was answered at it. Bounded; what does not fit is not listed.
/// </summary>
public sealed class AgentPolls(FollowerTable followers, TimeProvider time)
{
    /// <summary>Pairs of HAProxy and instance that are kept.</summary>
    public const int MaxChecks = 20_000;

    /// <summary>A check that did not come back within this time is no longer waited for: it was removed from the configuration, or its HAProxy is gone.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Follower, string Service), Dictionary<string, Told>> _told = [];
    private DateTimeOffset _swept = time.GetUtcNow();
    private int _checks;

    /// <summary>Notes that a check was answered: call when the answer has been sent.</summary>
    /// <param name="address">Where the check came from, without its port.</param>
    public void Answered(AgentQuestion question, string address, Guid generation, long revision)
    {
        var follower = question.Asker is { } name ? $"haproxy:{name}" : $"haproxy:{address}";
        var now = time.GetUtcNow();
        long taken;
        lock (_gate)
        {
            if (now - _swept > Kept || _checks >= MaxChecks)
                Sweep(now);

            var key = (follower, question.Service);
            if (!_told.TryGetValue(key, out var checks))
            {
                if (_checks >= MaxChecks)
                    return;

                _told[key] = checks = new(StringComparer.Ordinal);
            }

            if (!checks.ContainsKey(question.Instance))
            {
                if (_checks >= MaxChecks)
                    return;

                _checks++;
            }

            checks[question.Instance] = new(generation, revision, now);
            taken = long.MaxValue;
            foreach (var told in checks.Values)
            {
                if (now - told.At <= Kept)
                    taken = Math.Min(taken, told.Generation == generation ? told.Revision : 0);
            }
        }

        followers.Seen(follower, FollowerKind.AgentCheck, address, ImmutableHashSet.Create(StringComparer.Ordinal, question.Service), reports: false, dueBy: now + Kept);
        if (taken > 0)
            followers.Acknowledge(follower, generation, question.Service, taken);
    }

    private void Sweep(DateTimeOffset now)
    {
        _swept = now;
        foreach (var (key, checks) in _told)
        {
            foreach (var (instance, told) in checks)
            {
                if (now - told.At > Kept)
                {
                    checks.Remove(instance);
                    _checks--;
                }
            }

            if (checks.Count == 0)
                _told.Remove(key);
        }
    }

    private readonly record struct Told(Guid Generation, long Revision, DateTimeOffset At);
}
