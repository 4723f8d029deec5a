using System.Diagnostics.Metrics;

namespace Dashboard.Core.Postgres;

/// <summary>The store's instruments, in the meter <c>Dashboard.Registry</c>.</summary>
internal sealed class RegistryMeters : IDisposable
{
    public const string MeterName = "Dashboard.Registry";

    private readonly Meter _meter;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<double> _batchTime;
    private readonly Counter<long> _commands;

    public RegistryMeters(IMeterFactory? factory, Func<long> revision, Func<int> waiting, Func<bool> up)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        _batchSize = _meter.CreateHistogram<int>("registry.batch.size", "{command}", "Commands that one transaction carried.",
            advice: new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] });
        _batchTime = _meter.CreateHistogram<double>("registry.batch.duration", "s", "Time from taking a batch to its commit.",
            advice: new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] });
        _commands = _meter.CreateCounter<long>("registry.commands", "{command}", "Commands by what became of them.");
        _meter.CreateObservableGauge("registry.revision", revision, description: "The revision of the snapshot that this console serves.");
        _meter.CreateObservableGauge("registry.commands.waiting", waiting, "{command}", "Commands that wait for the writer.");
        _meter.CreateObservableGauge("registry.postgres.up", () => up() ? 1 : 0, description: "1 while Postgres can be written to.");
    }

    public void Committed(int commands, TimeSpan time)
    {
        _batchSize.Record(commands);
        _batchTime.Record(time.TotalSeconds);
    }

    public void Answered(string outcome, int commands) => _commands.Add(commands, new KeyValuePair<string, object?>("outcome", outcome));

    public void Dispose() => _meter.Dispose();
}
