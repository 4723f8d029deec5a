using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Balancing;

/// <summary>
/// The serving endpoints of one service, prepared for choosing. Immutable; derived once per change of the serving set. Candidates are named by their index in
/// <see cref="Endpoints"/>.
/// </summary>
public sealed class CandidateList
{
    public static readonly CandidateList Empty = new([]);

    // _cumulative[i] = weights of 0..i together.
    private readonly long[] _cumulative;
    private SmoothCycle? _cycle;

    /// <exception cref="ArgumentException">An endpoint's weight is below 1: it is not serving.</exception>
    public CandidateList(ImmutableArray<ServingEndpoint> endpoints)
    {
        Endpoints = endpoints.IsDefault ? [] : endpoints;
        _cumulative = new long[Endpoints.Length];
        var total = 0L;
        for (var i = 0; i < _cumulative.Length; i++)
        {
            if (Endpoints[i].Weight < 1)
            {
                throw new ArgumentException($"{Endpoints[i].Id} has weight {Endpoints[i].Weight} and cannot be serving.", nameof(endpoints));
            }

            _cumulative[i] = total += Endpoints[i].Weight;
        }
    }

    /// <summary>Who may be chosen, ordered by id.</summary>
    public ImmutableArray<ServingEndpoint> Endpoints { get; }

    /// <summary>How many may be chosen.</summary>
    public int Count => _cumulative.Length;

    /// <summary>All weights together.</summary>
    public long TotalWeight => _cumulative.Length == 0 ? 0 : _cumulative[^1];

    /// <summary>The order of smooth weighted round robin. Derived on first use; two threads may derive it twice, to the same effect.</summary>
    internal SmoothCycle Cycle => _cycle ??= new(this);

    public static CandidateList From(ServingSet serving)
    {
        ArgumentNullException.ThrowIfNull(serving);
        return new(serving.Endpoints);
    }

    /// <summary>The effective weight of a candidate, 1-10000.</summary>
    public int WeightOf(int index) => (int)(index == 0 ? _cumulative[0] : _cumulative[index] - _cumulative[index - 1]);

    /// <summary>The candidate whose part of the line [0, <see cref="TotalWeight"/>) holds <paramref name="point"/>; each candidate's part is as long as its weight.</summary>
    internal int AtPoint(long point)
    {
        var low = 0;
        var high = _cumulative.Length - 1;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (_cumulative[middle] > point)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    /// <summary>A candidate drawn in proportion to the weights of those that are not excluded; -1 when all are.</summary>
    /// <param name="without">One more that is excluded; -1 = none.</param>
    internal int Draw(ref RandomBits random, CandidateMask excluded, int without = -1)
    {
        if (Count == 0)
        {
            return -1;
        }

        // Drawing again among the others when the first draw is excluded gives each of them weight / (total - excluded): the same as drawing among them at once.
        var first = AtPoint(random.Below(TotalWeight));
        return first != without && !excluded.Contains(first) ? first : DrawByScan(ref random, excluded, without);
    }

    private int DrawByScan(ref RandomBits random, CandidateMask excluded, int without)
    {
        var allowed = 0L;
        for (var i = 0; i < Count; i++)
        {
            allowed += i == without || excluded.Contains(i) ? 0 : WeightOf(i);
        }

        if (allowed == 0)
        {
            return -1;
        }

        var point = random.Below(allowed);
        for (var i = 0; ; i++)
        {
            if (i == without || excluded.Contains(i))
            {
                continue;
            }

            point -= WeightOf(i);
            if (point < 0)
            {
                return i;
            }
        }
    }
}
