using System.Collections.Immutable;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Attention.Rules;

/// <summary>
/// Adds up the traffic frames of the last half to whole minute by service and instance. A change of who serves begins the sample of shares anew: what was right before says nothing of what is right now.
/// Costs one pass over the instances with traffic every five seconds, and nothing in between. For one caller at a time.
/// </summary>
internal sealed class TrafficWatch
{
    private const int StepsAHalf = 6;

    private readonly Dictionary<string, Sample> _samples = new(StringComparer.Ordinal);
    private DateTimeOffset _until;
    private int _step;
    private ImmutableArray<TrafficReading> _readings = [];

    /// <summary>Looks at the newest frame and says how each called service does.</summary>
    public ImmutableArray<TrafficReading> Step(RegistrySnapshot registry, TrafficFrame frame, DateTimeOffset now)
    {
        foreach (var (name, sample) in _samples)
        {
            if (registry.TryGetService(name, out var service) && !service.Serving.SaysTheSameAs(sample.Serving))
                sample.BeginShares(service.Serving, now);
        }

        // Frames overlap: each covers the seconds before its end.
        if (frame.Until - _until < TrafficStore.FrameRateWindow)
            return _readings;

        var turn = ++_step % StepsAHalf == 0;
        _until = frame.Until;
        Add(registry, frame, now, turn);
        _readings = [.. _samples.Select(pair => pair.Value.Read(pair.Key))];
        return _readings;
    }

    private void Add(RegistrySnapshot registry, TrafficFrame frame, DateTimeOffset now, bool turn)
    {
        foreach (var (name, traffic) in frame.Services)
        {
            if (!_samples.TryGetValue(name, out var sample))
            {
                if (traffic.Figures.Requests == 0 && traffic.Figures.Completed == 0)
                    continue;
                _samples[name] = sample = new();
                if (registry.TryGetService(name, out var service))
                    sample.BeginShares(service.Serving, now);
            }

            sample.Add(traffic.Figures, turn);
        }

        foreach (var (key, traffic) in frame.Instances)
        {
            // A request that began before a change may be in the second after it.
            if (traffic.Figures.Requests > 0 && _samples.TryGetValue(key.Service, out var sample) && frame.Until - TrafficStore.FrameRateWindow >= sample.SharesSince + TimeSpan.FromSeconds(1))
                sample.Add(key.Id, traffic.Figures.Requests);
        }

        foreach (var (name, sample) in _samples)
        {
            if (!frame.Services.ContainsKey(name) || sample.IsIdle)
                _samples.Remove(name);
        }
    }

    private sealed class Sample
    {
        private readonly Dictionary<string, (long Before, long Now)> _shares = new(StringComparer.Ordinal);
        private (long Completed, long Failures) _before;
        private (long Completed, long Failures) _now;
        private SharePrediction _intended = SharePrediction.Nobody;
        private long _calls;

        public ServingSet? Serving { get; private set; }

        public DateTimeOffset SharesSince { get; private set; }

        public bool IsIdle => _calls == 0 && _before.Completed == 0 && _now.Completed == 0;

        public void BeginShares(ServingSet serving, DateTimeOffset now)
        {
            Serving = serving;
            SharesSince = now;
            _intended = SharePrediction.For(serving);
            _shares.Clear();
        }

        public void Add(TrafficFigures figures, bool turn)
        {
            if (turn)
            {
                (_before, _now) = (_now, default);
                foreach (var (id, counts) in _shares)
                    _shares[id] = (counts.Now, 0);
            }

            _calls = figures.Requests;
            _now = (_now.Completed + figures.Completed, _now.Failures + figures.Failures);
        }

        public void Add(string instance, long requests)
        {
            var counts = _shares.GetValueOrDefault(instance);
            _shares[instance] = (counts.Before, counts.Now + requests);
        }

        public TrafficReading Read(string service)
        {
            var total = 0L;
            foreach (var (_, counts) in _shares)
                total += counts.Before + counts.Now;

            StraySharing? worst = null;
            var wrong = 0;
            if (total > 0)
            {
                foreach (var (id, intended) in _intended.Shares)
                    Judge(id, intended);
                foreach (var (id, _) in _shares)
                {
                    if (!_intended.Shares.ContainsKey(id))
                        Judge(id, 0);
                }
            }

            return new(service, _before.Completed + _now.Completed, _before.Failures + _now.Failures, worst, wrong, _calls);

            void Judge(string id, double intended)
            {
                var counts = _shares.GetValueOrDefault(id);
                var evidence = new ShareEvidence(intended, counts.Before + counts.Now, total);
                if ((_intended.Approximate ? evidence.ZeroVerdict : evidence.Verdict) != ShareVerdict.Disagrees)
                    return;

                wrong++;
                var actual = evidence.Actual ?? 0;
                var further = Math.Abs(actual - intended).CompareTo(worst?.Distance ?? -1);
                if (further > 0 || (further == 0 && string.CompareOrdinal(id, worst!.Instance) < 0))
                    worst = new(id, intended, actual, total);
            }
        }
    }
}
