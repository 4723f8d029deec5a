namespace Dashboard.Core.Feeds;

/// <summary>Timers whose end cancels something.</summary>
public static class CancellingTimer
{
    /// <summary>
    /// Cancels the source after a time, unless the timer is disposed or moved before. A timer that is disposed does not wait for its callback: one that had begun, for instance because the process stood still,
    /// may find the source disposed, and leaves it alone. An exception there would end the process.
    /// </summary>
    public static ITimer CancelAfter(this TimeProvider time, CancellationTokenSource source, TimeSpan after)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(source);
        return time.CreateTimer(Cancel, source, after, Timeout.InfiniteTimeSpan);
    }

    private static void Cancel(object? source)
    {
        try
        {
            ((CancellationTokenSource)source!).Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
    }
}
