using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway;

/// <summary>One service as the gateway knows it: who serves now, and what outlives a change of that.</summary>
internal sealed class ServiceRoute
{
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly BalancerState _balancer;

    // Also the lock that guards it and the two fields below.
    private readonly Dictionary<string, InstanceState> _states = new(StringComparer.Ordinal);
    private ServiceTable _table;
    private ServingSet _set;
    private int _ejected;

    public ServiceRoute(ServingSet set, GatewayOptions options, TimeProvider time, ulong seed)
    {
        _options = options;
        _time = time;
        _balancer = new(seed);
        Name = set.Service;
        Budget = new(time);
        _set = set;
        _table = Prepare(set);
    }

    public string Name { get; }

    public RetryBudget Budget { get; }

    /// <summary>Who serves now. Prepared by the first who asks after a change: a service that nobody calls costs nothing however often it changes.</summary>
    public ServiceTable Table
    {
        get
        {
            var table = Volatile.Read(ref _table);
            return ReferenceEquals(table.Set, Volatile.Read(ref _set)) ? table : PrepareNewest();
        }
    }

    /// <summary>Instances that are left out after connect failures, those on trial included.</summary>
    public int Ejected => Volatile.Read(ref _ejected);

    /// <summary>Takes a new serving set. Called under the lock of <see cref="GatewayTables"/>.</summary>
    public void Update(ServingSet set)
    {
        Volatile.Write(ref _set, set);
        CutForced();
    }

    /// <summary>Cuts what instances have open whose drain was forced. Repeated every second, for a request that slipped in while the set changed.</summary>
    public void CutForced()
    {
        foreach (var leaving in Volatile.Read(ref _set).Leaving)
        {
            if (leaving.Forced && StateOf(leaving.Id) is { } state && state.InFlight.Value > 0)
            {
                state.Cut();
            }
        }
    }

    /// <summary>Chooses who gets a request; -1 when nobody is left.</summary>
    /// <param name="now">A timestamp.</param>
    /// <param name="first">An instance that this request has tried.</param>
    /// <param name="second">Another one.</param>
    public int Choose(ServiceTable table, long now, InstanceState? first, InstanceState? second)
    {
        if (first is null && Volatile.Read(ref _ejected) == 0)
        {
            return table.Policy.Choose(Next(table));
        }

        var words = CandidateMask.WordsFor(table.Candidates.Count);
        Span<ulong> tried = words <= 16 ? stackalloc ulong[words] : new ulong[words];
        Span<ulong> excluded = words <= 16 ? stackalloc ulong[words] : new ulong[words];
        tried.Clear();
        excluded.Clear();
        var ejected = 0;
        for (var index = 0; index < table.States.Length; index++)
        {
            var state = table.States[index];
            if (ReferenceEquals(state, first) || ReferenceEquals(state, second))
            {
                CandidateMask.Add(tried, index);
                CandidateMask.Add(excluded, index);
            }
            else if (now < state.EjectedUntil)
            {
                CandidateMask.Add(excluded, index);
            }

            ejected += now < state.EjectedUntil ? 1 : 0;
        }

        // The local panic: what keeps failing for more than half of the instances is more likely here than there.
        if (ejected * 2 > table.Candidates.Count)
        {
            return table.Policy.Choose(first is null ? Next(table) : Again(table, tried));
        }

        var chosen = table.Policy.Choose(first is null ? Next(table, excluded) : Again(table, excluded));
        while (chosen >= 0)
        {
            if (table.States[chosen].TryEnter(now, now + Timestamps(_options.ConnectTimeout * 1.5)))
            {
                return chosen;
            }

            // Its ejection is over, but another request is just trying it.
            CandidateMask.Add(excluded, chosen);
            chosen = table.Policy.Choose(Again(table, excluded));
        }

        return table.Policy.Choose(Again(table, tried));
    }

    public void Connected(InstanceState state)
    {
        if (state.Connected())
        {
            Interlocked.Decrement(ref _ejected);
        }
    }

    public void ConnectFailed(InstanceState state)
    {
        if (state.ConnectFailed(_time.GetTimestamp() + Timestamps(_options.EjectFor)))
        {
            Interlocked.Increment(ref _ejected);
        }
    }

    /// <summary>Takes what was counted since the last call and what is open, and forgets instances that have left and are idle. Called under the lock of <see cref="GatewayTables"/>.</summary>
    /// <returns>False when nothing is left to remember.</returns>
    public bool Collect(bool removed, long longLivedBefore, ICollection<TrafficRow> rows, ICollection<InFlightRow> open)
    {
        lock (_states)
        {
            var set = _set;
            var stays = removed || _states.Count <= set.Endpoints.Length
                ? null
                : set.Endpoints.Select(endpoint => endpoint.Id).Concat(set.Leaving.Select(leaving => leaving.Id)).ToHashSet(StringComparer.Ordinal);
            foreach (var (id, state) in _states)
            {
                var (requests, longLived) = state.Open(longLivedBefore);
                var counted = state.TakeRows(rows);
                if (requests > 0)
                {
                    open.Add(new(Name, id, requests, longLived));
                }
                else if (!counted && (removed || stays?.Contains(id) == false))
                {
                    _states.Remove(id);
                    if (state.EjectedUntil != 0 && state.Connected())
                    {
                        Interlocked.Decrement(ref _ejected);
                    }
                }
            }

            return !removed || _states.Count > 0;
        }
    }

    private Choice Next(ServiceTable table, ReadOnlySpan<ulong> excluded = default) => table.Policy.Kind is BalancingPolicy.RoundRobin or BalancingPolicy.WeightedRoundRobin
        ? new(table.Candidates, _balancer.NextTicket(), 0, table.InFlight, excluded)
        : new(table.Candidates, 0, _balancer.NextRandom(), table.InFlight, excluded);

    // A retry takes no turn of a round robin: with two instances, the turns would bring each first attempt to the one that fails.
    private Choice Again(ServiceTable table, ReadOnlySpan<ulong> excluded)
    {
        var random = _balancer.NextRandom();
        return new(table.Candidates, random, random, table.InFlight, excluded);
    }

    private long Timestamps(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    private InstanceState? StateOf(string id)
    {
        lock (_states)
        {
            return _states.GetValueOrDefault(id);
        }
    }

    private ServiceTable PrepareNewest()
    {
        lock (_states)
        {
            var set = _set;
            if (ReferenceEquals(_table.Set, set))
            {
                return _table;
            }

            var table = Prepare(set);
            Volatile.Write(ref _table, table);
            return table;
        }
    }

    private ServiceTable Prepare(ServingSet set) => new(set, BalancingPolicies.Default[set.Policy], id =>
    {
        if (!_states.TryGetValue(id, out var state))
        {
            _states[id] = state = new(Name, id);
        }

        return state;
    });
}
