using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http.Features;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Dashboard.Web.Telemetry;

/// <summary>
/// Answers <c>/metrics</c> through the OpenTelemetry exporter, and adds the series of each instance. A metric never frees the place of a label set, so before one could be full the meter provider is replaced by a new one: gauges and the
/// observed counters go on as they were, histograms start again from zero, as after a restart. (Disposing and recreating the meter alone leaks 1.3 MB for each of its metrics: the exporter keeps them.)
/// </summary>
internal sealed class MetricsEndpoint(IServiceProvider services, TelemetryLimits limits, MeshMeter? mesh) : IDisposable
{
    // Features make their own meters; a name is all that is known of them here.
    private const string HealthMeter = "Dashboard.Health";
    private const string RegistryMeter = "Dashboard.Registry";
    private const string DnsMeter = "Dashboard.Dns";
    private const string GatewayMeter = "Dashboard.Gateway";
    private const string AttentionMeter = "Dashboard.Attention";

    /// <summary>
    /// Label sets of a metric whose labels are words of ours or of the runtime: rules, states, generations, types of exceptions. The library takes the room of all places, 90 bytes each, when the metric is made; its own limit, 2,000, costs 170 KB for
    /// each of eighty metrics.
    /// </summary>
    private const int FewPlaces = 200;

    // One collection at a time: the view is taken, then shown.
    private readonly SemaphoreSlim _scraping = new(1);
    private readonly HashSet<string> _servicePlaces = [];
    private readonly ScrapeAnswers _answers = new(services.GetService<TimeProvider>() ?? TimeProvider.System);
    private MeterProvider? _provider;
    private RequestDelegate? _exporter;

    public async Task AnswerAsync(HttpContext context)
    {
        using var exposition = new MemoryStream();
        MeshView view;
        await _scraping.WaitAsync(context.RequestAborted);
        try
        {
            view = mesh?.Prepare() ?? MeshView.Empty;
            if (!TryReserve(view))
                Renew();
            await WriteToAsync(exposition, context, _exporter ?? throw new ObjectDisposedException(nameof(MetricsEndpoint)));
        }
        finally
        {
            _scraping.Release();
        }

        // Whoever reads slowly keeps nobody from the next collection.
        await _answers.SendAsync(context, exposition.GetBuffer().AsMemory(0, (int)exposition.Length), view);
    }

    // The exporter lets nobody collect before the last byte of an answer is taken; memory takes it at once.
    private static async Task WriteToAsync(MemoryStream exposition, HttpContext context, RequestDelegate exporter)
    {
        var body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(exposition));
        try
        {
            await exporter(context);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        finally
        {
            context.Features.Set(body);
        }
    }

    /// <summary>Starts to count; without it the first scrape does.</summary>
    public void Start()
    {
        if (_provider is null)
            Renew();
    }

    public void Dispose()
    {
        _provider?.Dispose();
        _provider = null;
        _exporter = null;
        mesh?.Dispose();
    }

    /// <summary>Notes the label sets that a view will use.</summary>
    /// <returns>False when they do not all fit beside those already used; then only they are noted.</returns>
    private bool TryReserve(MeshView view)
    {
        Note();
        if (_provider is not null && _servicePlaces.Count <= limits.ServicePlaces)
            return true;
        _servicePlaces.Clear();
        Note();
        return false;

        void Note() => _servicePlaces.UnionWith(view.Services.Select(service => service.Name));
    }

    private void Renew()
    {
        _provider?.Dispose();
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService("dashboard", serviceVersion: typeof(MetricsEndpoint).Assembly.GetName().Version?.ToString(3), autoGenerateServiceInstanceId: false))
            .AddMeter(MeshMeter.Name, HealthMeter, RegistryMeter, DnsMeter, GatewayMeter, AttentionMeter)
            .AddAspNetCoreInstrumentation()
            .AddRuntimeInstrumentation()
            .AddView(Configure)
            .AddPrometheusExporter(options =>
            {
                options.ScrapeResponseCacheDurationMilliseconds = 0;
                options.ScopeInfoEnabled = false;
            })
            .Build();
        var pipeline = new ApplicationBuilder(services);
        pipeline.UseOpenTelemetryPrometheusScrapingEndpoint(_provider, _ => true, path: null, configureBranchedPipeline: null, optionsName: null);
        _exporter = pipeline.Build();
    }

    /// <summary>Names and bounds what the exporter would take as it is.</summary>
    private MetricStreamConfiguration? Configure(Instrument instrument) => instrument.Name switch
    {
        // The suffix _count is a histogram's; promtool objects.
        "dotnet.assembly.count" or "dotnet.process.cpu.count" or "dotnet.timer.count" => MetricStreamConfiguration.Drop,
        _ when IsOfAnotherHost(instrument.Meter) => MetricStreamConfiguration.Drop,
        MeshMeter.LatencyName => new ExplicitBucketHistogramConfiguration { CardinalityLimit = limits.ServicePlaces },
        // The mesh meter tells these for any kind of registry.
        "registry.revision" or "registry.postgres.up" => MetricStreamConfiguration.Drop,
        var name when instrument.Meter.Name == RegistryMeter => new() { Name = "mesh." + name, CardinalityLimit = FewPlaces },
        var name when name.StartsWith(MeshMeter.ServicePrefix, StringComparison.Ordinal) => new() { CardinalityLimit = limits.ServicePlaces },
        // By route, method and status, which are many: as the library would have it (2,000).
        "http.server.request.duration" or "aspnetcore.routing.match_attempts" => null,
        _ => new() { CardinalityLimit = FewPlaces },
    };

    /// <summary>The gateway and the demo mesh are hosts of their own in this process; what they serve is not to be counted among the console's own requests.</summary>
    private bool IsOfAnotherHost(Meter meter) => meter.Scope is IMeterFactory factory && factory != services.GetRequiredService<IMeterFactory>();
}
