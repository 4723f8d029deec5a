using Dashboard.Core.Registry;

namespace Dashboard.Core.Traffic;

/// <summary>What the store remembers of one reporter. Guarded by the store's lock.</summary>
internal sealed class ReporterState(string id)
{
    // A delayed report of a session that was replaced must not be taken for a new session.
    private readonly Queue<Guid> _ended = new();

    public string Id { get; } = id;

    public Guid Session { get; private set; }

    /// <summary>The number of the last report that was counted.</summary>
    public long Sequence { get; private set; }

    public DateTimeOffset LastReport { get; private set; }

    public DateTimeOffset AsOf { get; private set; }

    /// <summary>Reports that came again, or after a later one, and were not counted.</summary>
    public long Repeats { get; private set; }

    /// <summary>Numbers that were left out: reports that never came.</summary>
    public long Missed { get; private set; }

    public Dictionary<InstanceKey, InFlightRow> InFlight { get; private set; } = [];

    /// <summary>Takes the report's place in the sequence; false for a repeat.</summary>
    public bool TryAdvance(TrafficReport report, DateTimeOffset now)
    {
        if (report.Session != Session)
        {
            if (_ended.Contains(report.Session))
            {
                Repeats++;
                return false;
            }

            if (Session != Guid.Empty)
            {
                _ended.Enqueue(Session);
                if (_ended.Count > 8)
                {
                    _ended.Dequeue();
                }
            }

            // What came before the first report that is seen was told to another console, or to nobody: not missed here.
            Session = report.Session;
            Sequence = report.Sequence - 1;
        }

        if (report.Sequence <= Sequence)
        {
            Repeats++;
            return false;
        }

        Missed += report.Sequence - Sequence - 1;
        Sequence = report.Sequence;
        LastReport = now;
        AsOf = now - report.Age;
        InFlight = new(report.InFlight.Length);
        foreach (var row in report.InFlight)
        {
            if (row.Requests > 0)
            {
                InFlight[new(row.Service, row.Instance)] = row;
            }
        }

        return true;
    }

    public TrafficReporter Describe() => new(Id, Session, Sequence, LastReport, AsOf, Repeats, Missed);
}
