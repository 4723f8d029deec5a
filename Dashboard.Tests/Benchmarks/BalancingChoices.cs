using BenchmarkDotNet.Attributes;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>One choice per policy and number of candidates, the weights being 1, 2, 3, ...</summary>
public class BalancingChoices
{
    private IBalancingPolicy _policy = null!;
    private CandidateList _candidates = null!;
    private InFlightCounter[] _counters = null!;
    private BalancerState _state = null!;

    [ParamsAllValues]
    public BalancingPolicy Policy { get; set; }

    [Params(3, 50, 1000)]
    public int Candidates { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _policy = BalancingPolicies.Default[Policy];
        _candidates = CandidateList.From(ServingSets.Of([.. Enumerable.Range(1, Candidates)]));
        _counters = [.. Enumerable.Range(0, Candidates).Select(_ => new InFlightCounter())];
        _state = new(seed: 1);
    }

    [Benchmark]
    public int Choose()
    {
        var chosen = _policy.Choose(new(_candidates, _state.NextTicket(), _state.NextRandom(), _counters));
        _counters[chosen].Increment();
        return chosen;
    }
}
