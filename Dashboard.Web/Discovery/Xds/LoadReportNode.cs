using System.Collections.Immutable;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Discovery.Xds;

/// <summary>
/// What the load reporting streams say that are open under one node id: one reporter, whose requests in flight are those of all of them. Two proxies may be configured with the same id, and
/// what one has open must not hide what the other has. Safe for many threads.
/// </summary>
internal sealed class LoadReportNode(string id, TimeProvider time)
{
    // A stream that ended while others of the node go on: its client may still have open what it had, and comes back within this time.
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<LoadReporter, ImmutableArray<InFlightRow>> _open = [];
    private readonly List<(long At, ImmutableArray<InFlightRow> Open)> _ended = [];
    private readonly Guid _session = Guid.NewGuid();
    private long _sequence;

    public string Id { get; } = id;

    public void Join(LoadReporter reporter)
    {
        lock (_gate)
        {
            _open.Add(reporter, []);
        }
    }

    /// <summary>Takes a stream out; false when it was the last.</summary>
    public bool Leave(LoadReporter reporter)
    {
        lock (_gate)
        {
            if (_open.Remove(reporter, out var open) && !open.IsEmpty)
                _ended.Add((time.GetTimestamp(), open));
            return _open.Count > 0;
        }
    }

    public void Say(LoadReporter reporter, TimeSpan period, ImmutableArray<TrafficRow> rows, ImmutableArray<InFlightRow> open, TrafficStore traffic)
    {
        lock (_gate)
        {
            _open[reporter] = open;
            _ended.RemoveAll(ended => time.GetElapsedTime(ended.At) >= Remembered);
            // Under the lock: a later number must not get there first.
            traffic.Accept(new() { Reporter = Id, Session = _session, Sequence = ++_sequence, Period = period, Rows = rows, InFlight = All(open) });
        }
    }

    private ImmutableArray<InFlightRow> All(ImmutableArray<InFlightRow> own) => _open.Count == 1 && _ended.Count == 0 ? own :
    [
        .. _open.Values.Concat(_ended.Select(ended => ended.Open)).SelectMany(open => open)
            .GroupBy(row => (row.Service, row.Instance))
            .Select(rows => new InFlightRow(rows.Key.Service, rows.Key.Instance, rows.Sum(row => row.Requests), rows.Sum(row => row.LongLived))),
    ];
}
