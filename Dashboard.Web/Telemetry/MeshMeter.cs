using System.Diagnostics.Metrics;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Telemetry;

/// <summary>
/// The mesh as metrics: what the registry holds and what traffic does; the series of each instance are <see cref="InstanceSeries"/>. Everything but the latencies is read when it is asked for, from one view of the mesh that <see cref="Prepare"/> takes, so that what has
/// left is gone from the next scrape.
/// </summary>
internal sealed class MeshMeter : IDisposable
{
    public const string Name = "Dashboard.Mesh";
    public const string LatencyName = "mesh_service_latency_seconds";
    public const string ServicePrefix = "mesh_service_";

    /// <summary>From 1 ms to 30 s, in steps that a p99 can be read from.</summary>
    private static readonly double[] LatencyBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private readonly IRegistry _registry;
    private readonly TrafficStore _traffic;
    private readonly TimeProvider _time;
    private readonly TelemetryLimits _limits;
    private readonly FollowerBoard? _followers;
    private readonly TrafficTotals _totals = new();
    private readonly Meter _meter;
    private readonly Histogram<double> _latency;
    private MeshView _view = MeshView.Empty;

    public MeshMeter(IRegistry registry, TrafficStore traffic, TimeProvider time, IMeterFactory meters, TelemetryLimits limits, FollowerBoard? followers = null)
    {
        _registry = registry;
        _traffic = traffic;
        _time = time;
        _limits = limits;
        _followers = followers;
        _meter = meters.Create(Name);
        _latency = _meter.CreateHistogram(
            LatencyName, null, "Time from a request's arrival at a data plane to the end of its response, in seconds.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = LatencyBounds });
        CreateServiceGauges();
        CreateRegistryGauges();
        CreateOperatorGauges();
        _traffic.Accepted += Count;
    }

    /// <summary>Takes the view that the next collection shows.</summary>
    public MeshView Prepare()
    {
        var registry = _registry.Current;
        _totals.Prune(registry);
        var view = MeshView.Of(registry, _traffic.Feed.Current, _totals, _limits);
        Volatile.Write(ref _view, view);
        return view;
    }

    public void Dispose()
    {
        _traffic.Accepted -= Count;
        _meter.Dispose();
    }

    private void Count(TrafficReport report)
    {
        var registry = _registry.Current;
        _totals.Add(report, registry);
        foreach (var row in report.Rows)
        {
            // Only registered names become labels, and only those that a scrape would show.
            if (!_latency.Enabled || row.Latency.Count == 0 || !registry.Services.ContainsKey(row.Service) || registry.Services.Count > _limits.Services)
                continue;
            var service = KeyValuePair.Create<string, object?>("service", row.Service);
            foreach (var (bucket, count) in row.Latency)
            {
                var seconds = LatencyBuckets.Representative(bucket).TotalSeconds;
                for (var i = 0L; i < count; i++)
                    _latency.Record(seconds, service);
            }
        }
    }

    private void CreateServiceGauges()
    {
        Gauge("instances", "Registered instances.", service => service.Instances.Count);
        Gauge("eligible", "Instances that are wanted and healthy or degraded.", service => service.EligibleCount);
        Gauge("serving", "Instances that get new requests.", service => service.Serving.Endpoints.Length);
        Gauge("judged", "Instances that are wanted and whose health is known: what panic is counted in.", service => service.Instances.Values.Count(instance => instance.IsWanted && instance.HealthStatus != HealthStatus.Unknown));
        Gauge("panic_threshold_percent", "Below this part of the judged being eligible health is ignored; 0: never.", service => service.Settings.PanicThreshold);
        Gauge("brake", "Whether lost instances are kept because many were lost at once: 1 or 0.", service => service.Brake is null ? 0 : 1);
        Gauge("panic", "Whether health is ignored because too few instances are eligible: 1 or 0.", service => service.Serving.Panic ? 1 : 0);

        void Gauge(string name, string help, Func<ServiceSnapshot, int> value) => _meter.CreateObservableGauge(
            ServicePrefix + name, () => _view.Services.Select(service => new Measurement<int>(value(service), KeyValuePair.Create<string, object?>("service", service.Name))), null, help);
    }

    private void CreateRegistryGauges()
    {
        _meter.CreateObservableGauge("mesh_registry_revision", () => _view.Registry?.Revision ?? 0, null, "The registry's revision.");
        _meter.CreateObservableGauge("mesh_registry_available", () => _registry.Availability.IsAvailable ? 1 : 0, null, "Whether changes can be written: 1 or 0.");
        _meter.CreateObservableGauge(
            "mesh_registry_age_seconds", () => Math.Max(0, (_time.GetUtcNow() - _registry.Availability.LastSync).TotalSeconds), null, "Time since the registry was last known to be current, in seconds.");
        _meter.CreateObservableGauge("mesh_feed_subscribers", () => ByFeed<int>(_registry.Feed.SubscriberCount, _traffic.Feed.SubscriberCount), null, "Open subscriptions of a feed.");
        _meter.CreateObservableCounter("mesh_feed_overflows", () => ByFeed<long>(_registry.Feed.Overflows, _traffic.Feed.Overflows), null, "Subscriptions that were ended because their queue was full.");
        _meter.CreateObservableCounter("mesh_traffic_dropped_rows", () => _traffic.DroppedRows, null, "Rows of traffic reports that were dropped because too many series or reporters are kept.");
        _meter.CreateObservableGauge("mesh_metrics_omitted_instances", () => _view.OmittedInstances, null, "Instances without series of their own, because there are more than are exposed.");
        _meter.CreateObservableGauge("mesh_metrics_omitted_services", () => _view.OmittedServices, null, "Services without series of their own, because there are more than are exposed.");
    }

    private void CreateOperatorGauges()
    {
        _meter.CreateObservableGauge("mesh_registry_withheld", () => _registry.Current.Withholding is { IsOpen: true } ? 1 : 0, null, "Whether data planes are kept from a registry that began anew: 1 or 0.");
        _meter.CreateObservableGauge(
            "mesh_plans",
            () => Enum.GetValues<PlanState>().Where(state => state is PlanState.Scheduled or PlanState.Running or PlanState.Paused)
                .Select(state => new Measurement<int>(_registry.Current.Plans.Values.Count(plan => plan.State == state), KeyValuePair.Create<string, object?>("state", Word(state)))),
            null,
            "Open plans by state.");
        _meter.CreateObservableGauge(
            "mesh_plans_paused_by_themselves",
            () => _registry.Current.Plans.Values.Count(plan => plan.PausedItself),
            null,
            "Plans that stopped by themselves and wait for an operator.");
        if (_followers is null)
            return;

        _meter.CreateObservableGauge(
            "mesh_followers",
            () => Enum.GetValues<FollowerState>().Select(state => new Measurement<int>(_followers.Current.Count(standing => standing.State == state), KeyValuePair.Create<string, object?>("state", Word(state)))),
            null,
            "Data planes by state.");
        _meter.CreateObservableGauge(
            "mesh_followers_missed", () => _followers.Current.Count(standing => standing is { State: FollowerState.Silent, WaitedForBy.IsEmpty: false }), null, "Data planes that are gone while an operation waits for them.");
        _meter.CreateObservableGauge(
            "mesh_follower_lag_max_seconds",
            () => _followers.Current.Where(standing => standing.State is FollowerState.Behind or FollowerState.CatchingUp).Select(standing => (_time.GetUtcNow() - standing.LagSince)?.TotalSeconds ?? 0).DefaultIfEmpty(0).Max(),
            null,
            "How long the connected data plane that is furthest behind has not taken a change, in seconds.");
    }

    private static string Word<T>(T state)
        where T : struct, Enum
        => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());

    private static Measurement<T>[] ByFeed<T>(T registry, T traffic)
        where T : struct =>
        [new(registry, KeyValuePair.Create<string, object?>("feed", "registry")), new(traffic, KeyValuePair.Create<string, object?>("feed", "traffic"))];
}
