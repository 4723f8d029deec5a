using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Dashboard.Web.Live.Frames;

namespace Dashboard.Web.Live;

/// <summary>The last minutes' changes by service, for the marks in charts. Bounded: 50 a service, and none older than charts reach.</summary>
internal sealed class ChangeMarks
{
    public static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(15);

    private const int KeptPerService = 50;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<MarkRow>> _marks = new(StringComparer.Ordinal);

    public void Add(RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        lock (_gate)
        {
            foreach (var change in update.Changes)
            {
                // By far the most frequent, and never marked.
                if (change.Changes is [InstanceChange { Before: not null, After: not null }])
                    continue;

                var mark = new MarkRow(change.Revision, change.At.ToUnixTimeMilliseconds(), change.Action, change.Target, change.Actor.Name, (byte)ChangeMark.KindOf(change));
                foreach (var service in change.Changes.SelectMany(entity => ServicesOf(entity, update.After)).Distinct(StringComparer.Ordinal))
                {
                    var marks = _marks.TryGetValue(service, out var known) ? known : _marks[service] = new();
                    marks.Enqueue(mark);
                    if (marks.Count > KeptPerService)
                    {
                        marks.Dequeue();
                    }
                }
            }
        }
    }

    /// <summary>A service's marks in a range of revisions, oldest first; null when there are none.</summary>
    /// <param name="after">Exclusive.</param>
    /// <param name="upTo">Inclusive.</param>
    public IReadOnlyList<MarkRow>? Of(string service, long after, long upTo)
    {
        lock (_gate)
        {
            if (!_marks.TryGetValue(service, out var marks))
            {
                return null;
            }

            var found = marks.Where(mark => mark.Revision > after && mark.Revision <= upTo).ToArray();
            return found.Length == 0 ? null : found;
        }
    }

    /// <summary>Forgets what is older than <see cref="KeptFor"/>.</summary>
    public void Prune(DateTimeOffset now)
    {
        var oldest = (now - KeptFor).ToUnixTimeMilliseconds();
        lock (_gate)
        {
            foreach (var (service, marks) in _marks)
            {
                while (marks.TryPeek(out var mark) && mark.At < oldest)
                {
                    marks.Dequeue();
                }

                if (marks.Count == 0)
                {
                    _marks.Remove(service);
                }
            }
        }
    }

    // A registration that only repeats itself changes no traffic and gets no mark.
    private static IEnumerable<string> ServicesOf(EntityChange entity, RegistrySnapshot after) => entity switch
    {
        ServiceChange { Before: not null } change => [change.Name],
        BrakeChange change => [change.Service],
        InstanceChange change when change.Before is null || change.After is null => [change.Key.Service],
        HealthChange { Before: not null } change => [change.Key.Service],
        OperatorChange change => [change.Key.Service],
        PlanChange change when change.Before?.State != change.After?.State => (change.After ?? change.Before)?.Definition?.Services ?? [],
        NodeChange change when after.Nodes.TryGetValue(change.Name, out var node) => node.Instances.Select(key => key.Service),
        _ => [],
    };
}
