namespace Dashboard.Core.Balancing;

/// <summary>
/// The order in which smooth weighted round robin visits the candidates: over one cycle (the sum of the weights, divided by their greatest common divisor)
/// each exactly as often as its weight says, spread evenly. A place in it is a pure function of a ticket, so that threads share nothing but a counter.
/// </summary>
/// <remarks>
/// Up to <see cref="LongestStored"/> places the order is computed once and stored: a schedule by earliest deadline, in which the k-th visit of a candidate with share p
/// falls into the window [floor((k-1)/p), ceil(k/p)) (Tijdeman 1980, "The chairman assignment problem"; Baruah et al. 1996, "Proportionate progress"). After every
/// number of choices t, |visits - t p| is below 1, and a run of the same candidate is shorter than 2 / (1 - p).
/// Longer cycles (a thousand instances with odd weights make ten million places) are walked without storing them: ticket x stride modulo the cycle, the stride being
/// coprime to it and near cycle / golden ratio, is a point on the line of weights. It visits every point once a cycle, so counts are exact, and
/// the golden ratio keeps the visits of each candidate apart (three-distance theorem).
/// </remarks>
internal sealed class SmoothCycle
{
    /// <summary>Places that are stored at most: 16 KB.</summary>
    public const int LongestStored = 8192;

    private readonly CandidateList _candidates;
    private readonly ushort[]? _order;
    private readonly long _divisor;
    private readonly long _stride;

    public SmoothCycle(CandidateList candidates)
    {
        _candidates = candidates;
        _divisor = 0;
        for (var i = 0; i < candidates.Count; i++)
        {
            _divisor = GreatestCommonDivisor(_divisor, candidates.WeightOf(i));
        }

        Length = _divisor == 0 ? 0 : candidates.TotalWeight / _divisor;
        if (Length is > 0 and <= LongestStored)
        {
            _order = Schedule();
        }
        else
        {
            _stride = GoldenStride(Length);
        }
    }

    /// <summary>Choices after which every candidate was visited in exact proportion to its weight.</summary>
    public long Length { get; }

    /// <summary>The candidate at a ticket's place. The list must not be empty.</summary>
    public int At(ulong ticket)
    {
        var place = (long)(ticket % (ulong)Length);
        if (_order is not null)
        {
            return _order[place];
        }

        var point = (long)((UInt128)(ulong)place * (ulong)_stride % (ulong)Length);
        return _candidates.AtPoint(point * _divisor);
    }

    private ushort[] Schedule()
    {
        var order = new ushort[Length];
        var visits = new int[_candidates.Count];
        var released = new PriorityQueue<int, (long Deadline, int Index)>(_candidates.Count);
        var upcoming = new PriorityQueue<int, (long Release, int Index)>(_candidates.Count);
        for (var i = 0; i < _candidates.Count; i++)
        {
            upcoming.Enqueue(i, (0, i));
        }

        for (var place = 0; place < order.Length; place++)
        {
            while (upcoming.TryPeek(out var next, out var when) && when.Release <= place)
            {
                upcoming.Dequeue();
                var weight = _candidates.WeightOf(next) / _divisor;
                released.Enqueue(next, (((visits[next] + 1) * Length + weight - 1) / weight, next));
            }

            var chosen = released.Dequeue();
            order[place] = (ushort)chosen;
            visits[chosen]++;
            var reduced = _candidates.WeightOf(chosen) / _divisor;
            if (visits[chosen] < reduced)
            {
                upcoming.Enqueue(chosen, (visits[chosen] * Length / reduced, chosen));
            }
        }

        return order;
    }

    /// <summary>
    /// Of the numbers just below length / golden ratio that are coprime to the length, the one whose fraction stride / length has the smallest partial quotients together:
    /// their sum bounds how far any stretch of the walk strays from even (Niederreiter 1992, theorem 3.4).
    /// </summary>
    private static long GoldenStride(long length)
    {
        const int Tries = 256;
        var near = (long)(length * 0.6180339887498949);
        var (best, bestSum) = (1L, long.MaxValue);
        for (var stride = near; stride > Math.Max(1, near - Tries); stride--)
        {
            var sum = PartialQuotientSum(stride, length);
            if (sum < bestSum)
            {
                (best, bestSum) = (stride, sum);
            }
        }

        return best;
    }

    /// <summary>Sum of the continued fraction of stride / length; the largest number when the two have a common divisor.</summary>
    private static long PartialQuotientSum(long stride, long length)
    {
        var sum = 0L;
        while (stride != 0)
        {
            sum += length / stride;
            (length, stride) = (stride, length % stride);
        }

        return length == 1 ? sum : long.MaxValue;
    }

    private static long GreatestCommonDivisor(long one, long other)
    {
        while (other != 0)
        {
            (one, other) = (other, one % other);
        }

        return one;
    }
}
