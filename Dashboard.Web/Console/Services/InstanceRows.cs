using System.Runtime.CompilerServices;
using Dashboard.Core.Balancing;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Console.Services;

/// <summary>The rows of services' tables: made once for all who look at a service, from the same snapshot, traffic and operations. A row that says what it said is the row that was there.</summary>
public sealed class InstanceRows(TrafficStore traffic, TimeProvider time)
{
    /// <summary>What shares are measured over.</summary>
    public static readonly TimeSpan ShareWindow = TimeSpan.FromSeconds(60);

    private static readonly double[] Scales = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

    // Forgotten with their snapshot.
    private readonly ConditionalWeakTable<ServiceSnapshot, Made> _made = [];

    /// <summary>The rows of a service as it is now.</summary>
    /// <param name="frame">What it carries; null when nobody reports.</param>
    /// <param name="before">The rows that were shown before these.</param>
    internal InstanceRow[] Of(ServiceSnapshot service, TrafficFrame? frame, OperationBoard operations, InstanceRow[] before)
    {
        var made = _made.GetOrCreateValue(service);
        lock (made)
        {
            var known = made.Rows;
            if (known is null || !made.IsOf(frame, operations))
            {
                known = Make(service, frame, Window(service, operations), operations, known ?? before);
                made.Take(known, frame, operations);
            }

            return known;
        }
    }

    /// <summary>The rows of a service as it was.</summary>
    internal InstanceRow[] Of(ServiceSnapshot service, TrafficFrame? frame, TrafficWindow window, InstanceRow[] before) => Make(service, frame, window, operations: null, before);

    /// <summary>The operation is on the service or on one of its instances.</summary>
    internal static bool Touches(Operation operation, string service) => operation.Service == service || operation.Instances.Any(key => key.Service == service);

    // What is under way now was not then.
    private static InstanceRow[] Make(ServiceSnapshot service, TrafficFrame? frame, TrafficWindow window, OperationBoard? operations, InstanceRow[] before)
    {
        OperationView[] open = operations is null ? [] : [.. operations.Open.Where(view => Touches(view.Operation, service.Name))];
        var known = new Dictionary<string, InstanceRow>(before.Length, StringComparer.Ordinal);
        foreach (var row in before)
        {
            known[row.Instance.Key.Service == service.Name ? row.Id : ""] = row;
        }

        var intended = SharePrediction.For(service.Serving);
        var serving = service.Serving.Endpoints.Select(endpoint => endpoint.Id).ToHashSet(StringComparer.Ordinal);
        var rows = service.Instances.Values.Select(instance =>
        {
            var share = new ShareEvidence(intended.Of(instance.Id), window.Of(instance.Id).Figures.Requests, window.Total.Requests);
            return new InstanceRow(
                instance,
                serving.Contains(instance.Id),
                frame is null ? null : frame.Instances.GetValueOrDefault(instance.Key) ?? new(instance.Key, default, 0, 0, InFlightComplete: operations is not null, null),
                share.Intended > 0 || share.Requests > 0 ? share : null,
                open.FirstOrDefault(view => view.Operation.Instances.Contains(instance.Key)))
            {
                Settings = service.Settings,
                Approximate = intended.Approximate,
                IsPast = operations is null,
            };
        }).ToArray();
        var scale = ScaleOf(rows.Select(row => row.Share is { } share ? Math.Max(share.Intended, share.Actual ?? 0) : 0).DefaultIfEmpty(0).Max());
        return [.. rows.Select(row => (row with { Scale = scale }).Written(known.GetValueOrDefault(row.Id)))];
    }

    // A round number, so that the bars of all rows do not move whenever the longest does.
    private static double ScaleOf(double largest)
    {
        var most = Math.Clamp(largest, 0.01, 1);
        var unit = Math.Pow(10, Math.Floor(Math.Log10(most)));
        return Math.Min(1, Scales.Select(step => step * unit).First(step => step >= most * 0.9999));
    }

    // Shares from before the last change say nothing about the weights that are in force now.
    private TrafficWindow Window(ServiceSnapshot service, OperationBoard operations)
    {
        var changes = service.Instances.Values.Select(instance => instance.Health?.Since)
            .Concat(operations.Operations.Values.Where(view => Touches(view.Operation, service.Name))
                .SelectMany(view => new[] { view.Operation.CommittedAt, view.Operation.ClosedAt, view.Stages.FirstOrDefault(stage => stage.Kind == StageKind.Acknowledged)?.At }));
        var last = changes.Max();
        return last > time.GetUtcNow() - ShareWindow ? traffic.QuerySince(service.Name, last.Value) : traffic.Query(service.Name, ShareWindow);
    }

    /// <summary>The last rows, for as long as somebody shows them, and what they were made from. It keeps nothing: a service that nobody looks at any more must not hold the whole mesh's traffic of that moment.</summary>
    private sealed class Made
    {
        private readonly WeakReference<InstanceRow[]?> _rows = new(null);
        private readonly WeakReference<TrafficFrame?> _frame = new(null);
        private readonly WeakReference<OperationBoard?> _operations = new(null);
        private bool _hasFrame;

        public InstanceRow[]? Rows => _rows.TryGetTarget(out var rows) ? rows : null;

        public bool IsOf(TrafficFrame? frame, OperationBoard operations) =>
            _operations.TryGetTarget(out var board) && ReferenceEquals(board, operations) && (frame is null ? !_hasFrame : _hasFrame && _frame.TryGetTarget(out var known) && ReferenceEquals(known, frame));

        public void Take(InstanceRow[] rows, TrafficFrame? frame, OperationBoard operations)
        {
            _rows.SetTarget(rows);
            _frame.SetTarget(frame);
            _operations.SetTarget(operations);
            _hasFrame = frame is not null;
        }
    }
}
