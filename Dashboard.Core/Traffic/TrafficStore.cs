using System.Collections.Immutable;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Traffic;

/// <summary>
/// The traffic of the last 15 minutes, from the reports of everyone who carries it. In memory only. Safe for many threads: one lock, held for microseconds for a report
/// and for milliseconds for a frame; the request path never takes it.
/// </summary>
/// <remarks>
/// Memory: a series (an edge or an instance) that is busy all the time takes about 15 KB of counts and ring places, and its latencies about 150 windows of 2 bytes for
/// each bucket in use: together 20-30 KB, so 10,000 instances and 5,000 edges take 300-450 MB when each is busy in every second, and little when they idle.
/// <see cref="MaximumInstances"/> and <see cref="MaximumEdges"/> bound it: rows beyond are dropped and counted.
/// </remarks>
public sealed partial class TrafficStore
{
    /// <summary>How far back queries reach.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromSeconds(TrafficSeries.Seconds);

    /// <summary>What a frame's rates and errors cover.</summary>
    public static readonly TimeSpan FrameRateWindow = TimeSpan.FromSeconds(5);

    /// <summary>What a frame's latencies cover.</summary>
    public static readonly TimeSpan FrameLatencyWindow = TimeSpan.FromSeconds(10);

    /// <summary>A reporter is silent when its last word is older than this: what it has open is unknown.</summary>
    public static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(5);

    /// <summary>How long the traffic of what has left the registry is still shown.</summary>
    public static readonly TimeSpan GhostFor = TimeSpan.FromMinutes(3);

    /// <summary>An exchange that lasts longer counts as long-lived; an upgraded connection (WebSocket) does from the start.</summary>
    public static readonly TimeSpan LongLivedAfter = TimeSpan.FromSeconds(5);

    /// <summary>Instances that are kept; rows of more are dropped and counted in <see cref="DroppedRows"/>.</summary>
    public const int MaximumInstances = 20_000;

    /// <summary>Pairs of caller and service that are kept; rows of more are dropped and counted.</summary>
    public const int MaximumEdges = 20_000;

    /// <summary>Reporters that are heard; reports of more are refused, and their rows counted as dropped.</summary>
    public const int MaximumReporters = 1_000;

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly TrafficTable _table = new(MaximumInstances, MaximumEdges);
    private readonly ReporterTable _reporters = new(MaximumReporters, SilentAfter);
    private readonly LatencySum _sum = new();
    private readonly LostTraffic _lost;
    private readonly TrafficFrames _frames;

    public TrafficStore(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _lost = new(time.GetUtcNow().ToUnixTimeSeconds());
        _frames = new(_table, _reporters, _lost);
    }

    /// <summary>The newest frame and one more each second.</summary>
    public Feed<TrafficFrame, TrafficFrame> Feed { get; } = new(TrafficFrame.Empty);

    /// <summary>Raised for each report that was counted, on the thread that brought it and outside the store's lock. A handler is quick and throws nothing.</summary>
    public event Action<TrafficReport>? Accepted;

    /// <summary>The same, but only for reports that came to this console and not through another one.</summary>
    public event Action<TrafficReport>? Reported;

    /// <summary>Rows that were dropped because there were too many series or reporters, since the start.</summary>
    public long DroppedRows => _table.Dropped;

    /// <summary>How many instances and edges are kept.</summary>
    public (int Instances, int Edges) SeriesCount
    {
        get
        {
            lock (_gate)
            {
                return (_table.Instances.Count, _table.Edges.Count);
            }
        }
    }

    /// <summary>Everyone who reported in the last 15 minutes, by id.</summary>
    public ImmutableArray<TrafficReporter> Reporters
    {
        get
        {
            lock (_gate)
            {
                return _reporters.Describe();
            }
        }
    }

    /// <summary>Counts a report. Its period is dated back from now by its age and spread over the seconds that it covers.</summary>
    /// <param name="relayed">It came to another console, which told this one.</param>
    public ReportOutcome Accept(TrafficReport report, bool relayed = false)
    {
        ArgumentNullException.ThrowIfNull(report);
        var outcome = Count(report);
        if (outcome == ReportOutcome.Accepted)
        {
            Accepted?.Invoke(report);
            if (!relayed)
            {
                Reported?.Invoke(report);
            }
        }

        return outcome;
    }

    private ReportOutcome Count(TrafficReport report)
    {
        var now = _time.GetUtcNow();
        var age = report.Age > TimeSpan.Zero ? report.Age : TimeSpan.Zero;
        var period = TimeSpan.FromTicks(Math.Clamp(report.Period.Ticks, 1, Retention.Ticks));
        lock (_gate)
        {
            var outcome = _reporters.TryAdvance(report, age, now, out var missedSince);
            if (outcome == ReportOutcome.TooMany)
            {
                _table.Drop(report.Rows.Length);
            }

            if (outcome != ReportOutcome.Accepted)
            {
                return outcome;
            }

            if (missedSince is { } missed)
            {
                _lost.Lost(missed.ToUnixTimeSeconds(), (now - age - period).ToUnixTimeSeconds());
            }

            if (age >= Retention)
            {
                return ReportOutcome.TooOld;
            }

            var span = new SecondSpan(now - age - period, now - age);
            var first = Math.Max(span.First, now.ToUnixTimeSeconds() - TrafficSeries.Seconds + 1);
            _lost.Told(first, span.Last);
            NoteLate(first, now);
            foreach (var row in report.Rows)
            {
                _table.Count(row, first, span);
            }

            return ReportOutcome.Accepted;
        }
    }

    /// <summary>What is known about the requests in flight at an instance.</summary>
    /// <param name="reporters">Who must have said so: the ids of the followers that may send to it.</param>
    /// <param name="notBefore">A word from before this does not count, for example from before the last acknowledgement; a silent reporter's never does.</param>
    public InFlightKnowledge InFlight(InstanceKey instance, IEnumerable<string> reporters, DateTimeOffset notBefore)
    {
        ArgumentNullException.ThrowIfNull(reporters);
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            return _reporters.InFlight(instance, reporters, notBefore, now);
        }
    }

    /// <summary>A service's traffic in the last whole seconds that are reported in full.</summary>
    /// <param name="window">1 s to <see cref="Retention"/>; cut to whole seconds.</param>
    public TrafficWindow Query(string service, TimeSpan window)
    {
        var until = Until(_time.GetUtcNow());
        var seconds = (long)Math.Clamp(window.TotalSeconds, 1, TrafficSeries.Seconds - 2);
        return Query(service, until - seconds, until);
    }

    /// <summary>
    /// A service's traffic after an instant, as far as it is reported in full. Reports mix what came within about a second of each other, so the window starts at the first second that
    /// cannot hold a request from before. Empty (<c>From == To</c>) until there is such a second.
    /// </summary>
    public TrafficWindow QuerySince(string service, DateTimeOffset since)
    {
        var now = _time.GetUtcNow();
        var until = Until(now);
        var from = Math.Max(FirstSecondAfter(since), until - (TrafficSeries.Seconds - 2));
        return Query(service, Math.Min(from, until), until);
    }

    /// <summary>
    /// What a service did between two instants, as far as it is reported in full: the whole seconds between them. Latencies of a span that begins more than a minute ago are cut to whole 10 seconds.
    /// </summary>
    /// <param name="instances">Only these instances, by id; null = the whole service.</param>
    public TrafficSample Sample(string service, Func<string, bool>? instances, DateTimeOffset from, DateTimeOffset to)
    {
        var now = _time.GetUtcNow();
        var latest = now.ToUnixTimeSeconds();
        var until = Math.Min(Until(now), to.ToUnixTimeSeconds());
        var first = Math.Min(until, Math.Max(FirstSecondAfter(from), latest - (TrafficSeries.Seconds - 2)));
        lock (_gate)
        {
            TrafficSeries[] all = instances is null
                ? [.. _table.Edges.Where(edge => edge.Key.Target == service).Select(edge => edge.Value)]
                : [.. _table.Instances.Where(instance => instance.Key.Service == service && instances(instance.Key.Id)).Select(instance => instance.Value)];
            _sum.Clear();
            var (completed, failures) = (0L, 0L);
            foreach (var series in all)
            {
                var counts = series.Counts(first, until);
                completed += counts.Completed;
                failures += counts.Failures;
                series.AddWholeLatencies(_sum, first, until, latest);
            }

            return new(At(first), At(until), completed, failures, _sum.ToHistogram());
        }
    }

    /// <summary>A service's traffic as a line of points, oldest first; the last one ends with the last second that is reported in full.</summary>
    /// <param name="instance">One of its instances; null = the whole service.</param>
    /// <param name="step">1 s or more, whole seconds; steps start at multiples of it.</param>
    public ImmutableArray<TrafficPoint> Chart(string service, string? instance, TimeSpan window, TimeSpan step)
    {
        var now = _time.GetUtcNow();
        var until = Until(now);
        var seconds = Math.Max(1, (long)step.TotalSeconds);
        var first = until - (long)Math.Clamp(window.TotalSeconds, 1, TrafficSeries.Seconds - 2);
        first += (seconds - first % seconds) % seconds;
        var points = ImmutableArray.CreateBuilder<TrafficPoint>();
        lock (_gate)
        {
            var series = instance is null
                ? [.. _table.Edges.Where(edge => edge.Key.Target == service).Select(edge => edge.Value)]
                : _table.Instances.TryGetValue(new(service, instance), out var found) ? [found] : Array.Empty<TrafficSeries>();
            for (var from = first; from + seconds <= until; from += seconds)
            {
                var figures = _table.Figures(series, from, from + seconds, from, now.ToUnixTimeSeconds());
                points.Add(new(At(from), _lost.Untold(from, from + seconds) > 0 ? null : figures.Rps, figures.ErrorRate, figures.P50Ms, figures.P95Ms, figures.P99Ms));
            }
        }

        return points.ToImmutable();
    }

    /// <summary>Makes the next frame and publishes it. Called once a second.</summary>
    public TrafficFrame PublishFrame()
    {
        var now = _time.GetUtcNow();
        TrafficFrame frame;
        lock (_gate)
        {
            frame = _frames.Next(Feed.Current.Sequence + 1, now);
        }

        Feed.Publish(frame, frame);
        return frame;
    }

    /// <summary>
    /// Forgets what cannot be asked for any more: series without traffic for 15 minutes, series without traffic for <see cref="GhostFor"/> whose instance or target has left
    /// the registry, and reporters that were silent for 15 minutes.
    /// </summary>
    public void Prune(RegistrySnapshot registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var now = _time.GetUtcNow();
        var expired = (now - Retention).ToUnixTimeSeconds();
        var ghosts = (now - GhostFor).ToUnixTimeSeconds();
        lock (_gate)
        {
            _table.Prune(registry, expired, ghosts);
            _reporters.Prune(now - Retention);
        }
    }

    // The second that has just passed is still being reported.
    internal static long Until(DateTimeOffset now) => now.ToUnixTimeSeconds() - 1;

    private static long FirstSecondAfter(DateTimeOffset instant) => (instant.AddSeconds(2) - TimeSpan.FromTicks(1)).ToUnixTimeSeconds();

    internal static DateTimeOffset At(long second) => DateTimeOffset.FromUnixTimeSeconds(second);

    private TrafficWindow Query(string service, long from, long until)
    {
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            var latest = now.ToUnixTimeSeconds();
            var open = _reporters.Open(now);
            var instances = new List<InstanceTraffic>();
            foreach (var (key, series) in _table.Instances)
            {
                if (key.Service == service && TrafficTable.Describe(key, series, _table.Figures([series], from, until, from, latest), open.GetValueOrDefault(key)) is var traffic
                    && (traffic.Figures.Requests != 0 || traffic.Figures.Completed != 0 || traffic.InFlight != 0 || !traffic.InFlightComplete))
                {
                    instances.Add(traffic);
                }
            }

            foreach (var (key, count) in open)
            {
                if (key.Service == service && !_table.Instances.ContainsKey(key))
                {
                    instances.Add(TrafficTable.Describe(key, series: null, default, count));
                }
            }

            var callers = _table.Edges.Where(edge => edge.Key.Target == service).ToList();
            return new()
            {
                Service = service,
                From = At(from),
                To = At(until),
                UnknownSeconds = _lost.Seconds(from, until),
                Total = _table.Figures([.. callers.Select(edge => edge.Value)], from, until, from, latest),
                Instances = [.. instances.OrderBy(traffic => traffic.Key.Id, StringComparer.Ordinal)],
                Callers =
                [
                    .. callers
                        .Select(edge => new EdgeTraffic(edge.Key, _table.Figures([edge.Value], from, until, from, latest), At(edge.Value.LastSeen)))
                        .Where(edge => edge.Figures.Requests != 0 || edge.Figures.Completed != 0)
                        .OrderBy(edge => edge.Key.Source, StringComparer.Ordinal),
                ],
            };
        }
    }
}
