using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Dashboard.Web.Demo;

/// <summary>What an instance of the demo tells Prometheus: its requests, how long they took, its open WebSockets.</summary>
internal sealed class DemoMetrics
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    // Upper bounds in seconds.
    private static readonly double[] Buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

    private readonly ConcurrentDictionary<int, long> _answers = new();
    private readonly long[] _counts = new long[Buckets.Length + 1];
    private long _ticks;
    private int _webSockets;

    /// <summary>Counts an answered request.</summary>
    public void Answered(int status, TimeSpan took)
    {
        _answers.AddOrUpdate(status, 1, static (_, count) => count + 1);
        var bucket = Array.FindIndex(Buckets, bound => took.TotalSeconds <= bound);
        Interlocked.Increment(ref _counts[bucket < 0 ? Buckets.Length : bucket]);
        Interlocked.Add(ref _ticks, took.Ticks);
    }

    /// <summary>Counts an open WebSocket until the result is disposed.</summary>
    public IDisposable OpenWebSocket()
    {
        Interlocked.Increment(ref _webSockets);
        return new Open(this);
    }

    /// <summary>Everything in Prometheus' text format.</summary>
    public string Text(DemoService service, DemoInstance instance)
    {
        var text = new StringBuilder();
        text.Append("# HELP demo_info What runs here.\n# TYPE demo_info gauge\n");
        text.Append(CultureInfo.InvariantCulture, $"demo_info{{demo_service=\"{service.Name}\",demo_version=\"{instance.Version}\"}} 1\n");
        text.Append("# HELP demo_requests_total Answered requests by status.\n# TYPE demo_requests_total counter\n");
        foreach (var (status, count) in _answers.OrderBy(pair => pair.Key))
            text.Append(CultureInfo.InvariantCulture, $"demo_requests_total{{code=\"{status}\"}} {count}\n");

        text.Append("# HELP demo_request_duration_seconds How long answers took.\n# TYPE demo_request_duration_seconds histogram\n");
        var sum = 0L;
        for (var bucket = 0; bucket <= Buckets.Length; bucket++)
        {
            sum += Interlocked.Read(ref _counts[bucket]);
            var bound = bucket < Buckets.Length ? Buckets[bucket].ToString(CultureInfo.InvariantCulture) : "+Inf";
            text.Append(CultureInfo.InvariantCulture, $"demo_request_duration_seconds_bucket{{le=\"{bound}\"}} {sum}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"demo_request_duration_seconds_sum {TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds:0.######}\n");
        text.Append(CultureInfo.InvariantCulture, $"demo_request_duration_seconds_count {sum}\n");
        text.Append("# HELP demo_websockets Open WebSockets.\n# TYPE demo_websockets gauge\n");
        text.Append(CultureInfo.InvariantCulture, $"demo_websockets {Volatile.Read(ref _webSockets)}\n");
        return text.ToString();
    }

    private sealed class Open(DemoMetrics metrics) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref metrics._webSockets);
    }
}
