using System.Collections.Concurrent;

namespace Dashboard.Core.Discovery;

/// <summary>
/// Those who wait for one service to change. Everyone who waits for the same service shares one task, so a waiting client costs a continuation and a timer,
/// and a change of one service wakes nobody else.
/// </summary>
public sealed class EndpointWaiters
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new(StringComparer.Ordinal);
    private int _waiting;
    private volatile bool _released;

    /// <summary>How many wait now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Nobody is to wait any more.</summary>
    public bool IsReleased => _released;

    /// <summary>
    /// A task that completes at the service's next change. Take it first, then look at the catalog, then await it: a change between the two has completed it.
    /// </summary>
    public Task NextChange(string service) =>
        _gates.GetOrAdd(service, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Waits for a change, at most so long.</summary>
    /// <param name="change">From <see cref="NextChange"/>.</param>
    /// <returns>False when the time was over first.</returns>
    public async ValueTask<bool> WaitAsync(Task change, TimeSpan wait, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        Interlocked.Increment(ref _waiting);
        try
        {
            await change.WaitAsync(wait, time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Wakes those who wait for these services. Call after the catalog that says so is published.</summary>
    public void Wake(IEnumerable<string> services)
    {
        ArgumentNullException.ThrowIfNull(services);
        foreach (var service in services)
        {
            if (_gates.TryRemove(service, out var gate))
                gate.SetResult();
        }
    }

    /// <summary>Wakes everyone: the catalog was replaced.</summary>
    public void WakeAll() => Wake(_gates.Keys);

    /// <summary>Wakes everyone for good: the console stops. One token for all, where one linked for each would be held for as long as it waits.</summary>
    public void Release()
    {
        _released = true;
        WakeAll();
    }
}
