using System.Diagnostics.Metrics;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>How well the console keeps up with looking: meter <c>Dashboard.Health</c>.</summary>
public sealed class HealthMetrics : IDisposable
{
    public const string MeterName = "Dashboard.Health";

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _lateness;
    private readonly Counter<long> _probes;
    private readonly Counter<long> _heartbeats;
    private readonly Counter<long> _transitions;
    private readonly Counter<long> _removals;
    private int _inFlight;
    private int _instances;

    public HealthMetrics()
    {
        _lateness = _meter.CreateHistogram(
            "mesh.probe.lateness",
            unit: "s",
            description: "How long after its due time a probe was started.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] });
        _probes = _meter.CreateCounter<long>("mesh.probes", description: "Probes by kind and result.");
        _heartbeats = _meter.CreateCounter<long>("mesh.heartbeats", description: "Heartbeats that were judged, by result.");
        _transitions = _meter.CreateCounter<long>("mesh.health.transitions", description: "Health transitions that were recorded.");
        _removals = _meter.CreateCounter<long>("mesh.health.removals", description: "Instances removed because they stayed unhealthy or silent.");
        _meter.CreateObservableGauge("mesh.probes.in.flight", () => Volatile.Read(ref _inFlight), description: "Probes under way.");
        _meter.CreateObservableGauge("mesh.checks", () => Volatile.Read(ref _instances), description: "Instances that are checked.");
    }

    public void Dispose() => _meter.Dispose();

    internal void Started(TimeSpan lateness)
    {
        Interlocked.Increment(ref _inFlight);
        _lateness.Record(lateness.TotalSeconds);
    }

    internal void Ended(CheckKind kind, CheckOutcome outcome)
    {
        Interlocked.Decrement(ref _inFlight);
        _probes.Add(1, new("kind", Name(kind)), new("result", Name(outcome)));
    }

    internal void Heard(CheckOutcome outcome) => _heartbeats.Add(1, new KeyValuePair<string, object?>("result", Name(outcome)));

    internal void Recorded(int transitions) => _transitions.Add(transitions);

    internal void Removed(int instances) => _removals.Add(instances);

    internal void Checks(int instances) => Volatile.Write(ref _instances, instances);

    private static string Name(CheckKind kind) => kind switch
    {
        CheckKind.Tcp => "tcp",
        CheckKind.Http => "http",
        CheckKind.Grpc => "grpc",
        CheckKind.Ttl => "ttl",
        _ => "none",
    };

    private static string Name(CheckOutcome outcome) => outcome switch
    {
        CheckOutcome.Passing => "passing",
        CheckOutcome.Warning => "warning",
        _ => "critical",
    };
}
