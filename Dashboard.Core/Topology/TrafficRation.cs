using Dashboard.Core.Traffic;

namespace Dashboard.Core.Topology;

/// <summary>
/// Keeps a traffic delta of a large mesh small. In a mesh with traffic everywhere nearly every number moves every second, mostly by its own noise. What a reader must
/// know at once (a level that starts, stops, begins to fail or doubles) always goes; of the rest, as many rows as the ration holds: those that differ
/// most from what was told, measured in their own noise, and in turn each that has waited, so that no number is older than <see cref="Turns"/> frames.
/// </summary>
public static class TrafficRation
{
    /// <summary>Deltas of at most so many rows go whole.</summary>
    public const int FreeRows = 250;

    /// <summary>Beyond these, the rows that may differ in one delta, as a percentage of all rows.</summary>
    public const int Percent = 8;

    /// <summary>After so many frames a row that differs is told, however little.</summary>
    public const int Turns = 20;

    // Above a row whose turn it is, which is above any other.
    private const double Urgent = double.MaxValue;
    private const double InTurn = double.MaxValue / 2;

    /// <summary>The part of a delta that goes now. The rest still differs from what was told and is in the next delta again.</summary>
    /// <param name="told">What viewers know: the graph that the delta starts from.</param>
    /// <param name="now">The graph that the delta leads to.</param>
    /// <param name="turn">Rises by one with each delta.</param>
    public static TopologyDelta Of(TopologyDelta delta, TopologyGraph told, TopologyGraph now, long turn)
    {
        ArgumentNullException.ThrowIfNull(delta);
        ArgumentNullException.ThrowIfNull(told);
        ArgumentNullException.ThrowIfNull(now);
        var ration = Math.Max(FreeRows, (now.Edges.Count + now.Traffic.Count) * Percent / 100);
        var rows = delta.Edges.Length + delta.Traffic.Length;
        if (rows <= ration)
        {
            return delta;
        }

        var urgencies = new double[rows];
        var order = new int[rows];
        for (var row = 0; row < rows; row++)
        {
            order[row] = row;
            // Descending when sorted ascending.
            urgencies[row] = -(row < delta.Edges.Length ? OfEdge(delta.Edges[row], told, turn) : OfService(delta.Traffic[row - delta.Edges.Length], told, turn));
        }

        Array.Sort(urgencies, order);
        var must = Array.FindIndex(urgencies, urgency => urgency > -InTurn);
        var chosen = order.AsSpan(0, Math.Max(ration, must < 0 ? rows : must)).ToArray();
        return delta with
        {
            Edges = [.. chosen.Where(row => row < delta.Edges.Length).Select(row => delta.Edges[row])],
            Traffic = [.. chosen.Where(row => row >= delta.Edges.Length).Select(row => delta.Traffic[row - delta.Edges.Length])],
        };
    }

    private static double OfEdge(KeyValuePair<EdgeKey, TrafficLevel> edge, TopologyGraph told, long turn) =>
        told.Edges.TryGetValue(edge.Key, out var known) ? OfLevel(known, edge.Value, edge.Key.GetHashCode(), turn) : Urgent;

    private static double OfService(KeyValuePair<string, OpenTraffic> service, TopologyGraph told, long turn)
    {
        if (!told.Traffic.TryGetValue(service.Key, out var known) || known.InFlightKnown != service.Value.InFlightKnown)
        {
            return Urgent;
        }

        var open = Math.Abs(known.InFlight - service.Value.InFlight) / Math.Sqrt(1.0 + Math.Max(known.InFlight, service.Value.InFlight));
        return OfLevel(known.Level, service.Value.Level, service.Key.GetHashCode(StringComparison.Ordinal), turn) + open;
    }

    private static double OfLevel(TrafficLevel known, TrafficLevel level, int hash, long turn)
    {
        if (ErrorClass(known) != ErrorClass(level) || known.Rps == 0 != (level.Rps == 0) || Doubled(known.Rps, level.Rps))
        {
            return Urgent;
        }

        if ((uint)hash % Turns == turn % Turns)
        {
            return InTurn;
        }

        // Requests of the frame's window are counted, so their noise is the root of their number.
        var window = TrafficStore.FrameRateWindow.TotalSeconds;
        var rate = Math.Abs(known.Rps - level.Rps) * window / Math.Sqrt(1 + Math.Max(known.Rps, level.Rps) * window);
        var errors = Math.Abs((known.ErrorRate ?? 0) - (level.ErrorRate ?? 0)) * 100;
        return rate + errors + 3 * Relative(known.P95Ms, level.P95Ms) + Relative(known.P50Ms, level.P50Ms);
    }

    // As drawn: from 1 % dashed, from 5 % in another colour.
    private static int ErrorClass(TrafficLevel level) => level.ErrorRate switch { >= 0.05 => 2, >= 0.01 => 1, _ => 0 };

    // By more than noise could: four times its spread.
    private static bool Doubled(double before, double after)
    {
        var window = TrafficStore.FrameRateWindow.TotalSeconds;
        var (low, high) = (Math.Min(before, after) * window, Math.Max(before, after) * window);
        return high > 2 * low && high - low > 4 * Math.Sqrt(1 + high);
    }

    private static double Relative(double? before, double? after) => Math.Abs((before ?? 0) - (after ?? 0)) / Math.Max(1, Math.Max(before ?? 0, after ?? 0));
}
