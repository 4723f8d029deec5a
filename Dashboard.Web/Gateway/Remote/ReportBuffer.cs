using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>
/// Reports that no console has taken yet, oldest first. Bounded by number and by rows: what does not fit is lost from the old end and counted, and the gap in the sequence tells the
/// console. For any number of threads that add and one that takes.
/// </summary>
internal sealed class ReportBuffer(int maximumReports, int maximumRows)
{
    private readonly Lock _gate = new();
    private readonly Queue<(TrafficReport Report, long Ended)> _waiting = new();
    private readonly SemaphoreSlim _any = new(0, 1);
    private int _rows;
    private long _lostReports;
    private long _lostRequests;

    /// <summary>Five minutes of a report a second: more would only delay what is new.</summary>
    public ReportBuffer()
        : this(maximumReports: 300, maximumRows: 100_000)
    {
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Reports that no console will get, since the start.</summary>
    public long LostReports => Interlocked.Read(ref _lostReports);

    /// <summary>Requests that were counted in them.</summary>
    public long LostRequests => Interlocked.Read(ref _lostRequests);

    /// <param name="ended">The timestamp at which the reported period ended.</param>
    public void Add(TrafficReport report, long ended)
    {
        lock (_gate)
        {
            _waiting.Enqueue((report, ended));
            _rows += RowsOf(report);
            while (_waiting.Count > 1 && (_waiting.Count > maximumReports || _rows > maximumRows))
            {
                Lose(_waiting.Dequeue().Report);
            }

            if (_any.CurrentCount == 0)
            {
                _any.Release();
            }
        }
    }

    /// <summary>The oldest report, without taking it away; null when none waits.</summary>
    public (TrafficReport Report, long Ended)? Peek()
    {
        lock (_gate)
        {
            return _waiting.TryPeek(out var oldest) ? oldest : null;
        }
    }

    /// <summary>Takes a report away, unless it is lost already.</summary>
    /// <param name="told">A console has it; else it counts as lost.</param>
    public void Remove(TrafficReport report, bool told)
    {
        lock (_gate)
        {
            if (!_waiting.TryPeek(out var oldest) || !ReferenceEquals(oldest.Report, report))
            {
                return;
            }

            _waiting.Dequeue();
            if (told)
            {
                _rows -= RowsOf(report);
            }
            else
            {
                Lose(report);
            }
        }
    }

    /// <summary>Waits until something may have been added.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _any.WaitAsync(cancellationToken);

    private static int RowsOf(TrafficReport report) => report.Rows.Length + report.InFlight.Length;

    // Under _gate.
    private void Lose(TrafficReport report)
    {
        _rows -= RowsOf(report);
        _lostReports++;
        foreach (var row in report.Rows)
        {
            _lostRequests += row.Requests;
        }
    }
}
