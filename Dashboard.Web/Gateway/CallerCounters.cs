using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway;

/// <summary>What one caller's requests to one instance did since they were last reported. Written by request threads, emptied once a second.</summary>
internal sealed class CallerCounters(TrafficCaller caller)
{
    private readonly LatencyRecorder _latency = new();
    private int _requests;
    private int _completed;
    private int _failures;

    public void Begun() => Interlocked.Increment(ref _requests);

    public void Ended(bool failed, TimeSpan? latency)
    {
        Interlocked.Increment(ref _completed);
        if (failed)
        {
            Interlocked.Increment(ref _failures);
        }

        if (latency is { } measured)
        {
            _latency.Record(measured);
        }
    }

    /// <summary>Takes what was counted; null when nothing was.</summary>
    public TrafficRow? Take(string service, string instance)
    {
        // Failures first: one that ends between the reads must not be reported without its completion.
        var failures = Interlocked.Exchange(ref _failures, 0);
        var completed = Interlocked.Exchange(ref _completed, 0);
        var requests = Interlocked.Exchange(ref _requests, 0);
        return requests == 0 && completed == 0 ? null : new(caller.Name, service, instance, requests, completed, Math.Min(failures, completed), _latency.Take());
    }
}
