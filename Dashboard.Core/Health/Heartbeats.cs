using System.Collections.Concurrent;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>
/// Takes the heartbeats of instances with a ttl check, in memory: they are answered while Postgres is away too. Safe for any number of threads.
/// At most one heartbeat an instance waits to be judged; a newer one takes its place.
/// </summary>
public sealed class Heartbeats(IRegistry registry, TimeProvider time)
{
    private readonly ConcurrentDictionary<InstanceKey, Heartbeat> _waiting = new();
    private int _anyWaiting;

    /// <summary>Called after a heartbeat was left to be judged.</summary>
    internal Action? Arrived { get; set; }

    /// <summary>Raised for each heartbeat that came to this console and not through another, on the thread that brought it. A handler is quick and throws nothing.</summary>
    public event Action<InstanceKey, CheckOutcome, string>? Beaten;

    /// <summary>True while a console that may have taken heartbeats is not heard: silence then says nothing, and every ttl instance keeps a full lease.</summary>
    public bool IsPartial { get; set; }

    /// <summary>An instance says that it lives.</summary>
    /// <param name="outcome">How it fares: passing, warning (degraded) or critical (unhealthy at once).</param>
    /// <param name="output">What it says about it; cut to 512 characters.</param>
    /// <returns>False when the instance is not registered: it must register again. True also when its check is not ttl; the heartbeat then has no effect.</returns>
    public bool Beat(InstanceKey key, CheckOutcome outcome, string? output)
    {
        if (registry.Current.FindInstance(key) is null)
        {
            return false;
        }

        var clean = Evidence.Clean(output);
        Leave(key, new(outcome, clean, time.GetTimestamp()));
        Beaten?.Invoke(key, outcome, clean);
        return true;
    }

    /// <summary>Another console tells of a heartbeat that came there.</summary>
    /// <param name="age">How long ago that was.</param>
    public void Relay(InstanceKey key, CheckOutcome outcome, string output, TimeSpan age)
    {
        if (registry.Current.FindInstance(key) is not null)
        {
            Leave(key, new(outcome, output, time.GetTimestamp() - (long)(age.TotalSeconds * time.TimestampFrequency)));
        }
    }

    private void Leave(InstanceKey key, Heartbeat heartbeat)
    {
        _waiting[key] = heartbeat;
        Volatile.Write(ref _anyWaiting, 1);
        Arrived?.Invoke();
    }

    /// <summary>Takes what waits.</summary>
    internal void DrainTo(Action<InstanceKey, Heartbeat> take)
    {
        if (Interlocked.Exchange(ref _anyWaiting, 0) == 0)
        {
            return;
        }

        foreach (var (key, _) in _waiting)
        {
            if (_waiting.TryRemove(key, out var heartbeat))
            {
                take(key, heartbeat);
            }
        }
    }
}

/// <summary>One heartbeat that waits to be judged.</summary>
/// <param name="At">When it came, a timestamp.</param>
internal sealed record Heartbeat(CheckOutcome Outcome, string Output, long At);
