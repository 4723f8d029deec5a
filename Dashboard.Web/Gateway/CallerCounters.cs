using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway;

/// <summary>What one caller's requests to one instance did since they were last reported. Written by request threads, emptied once a second.</summary>
internal sealed class CallerCounters(TrafficCaller caller)
{
    private readonly LatencyRecorder _latency = new();
    private int _requests;

    // Completed in the lower half, failures in the upper: one addition, so that a report never tears a failure from its completion.
    private long _ended;

    public void Begun() => Interlocked.Increment(ref _requests);

    public void Ended(bool failed, TimeSpan? latency)
    {
        Interlocked.Add(ref _ended, failed ? (1L << 32) + 1 : 1);
        if (latency is { } measured)
        {
            _latency.Record(measured);
        }
    }

    /// <summary>Takes what was counted; null when nothing was.</summary>
    public TrafficRow? Take(string service, string instance)
    {
        var ended = Interlocked.Exchange(ref _ended, 0);
        var completed = (int)(ended & uint.MaxValue);
        var failures = (int)(ended >> 32);
        var requests = Interlocked.Exchange(ref _requests, 0);
        return requests == 0 && completed == 0 ? null : new(caller.Name, service, instance, requests, completed, failures, _latency.Take());
    }
}
