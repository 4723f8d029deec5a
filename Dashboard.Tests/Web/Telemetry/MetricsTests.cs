using System.Diagnostics;
using System.Net;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Dashboard.Web.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Telemetry;

public sealed class MetricsTests : IAsyncDisposable
{
    private readonly CancellationToken _cancelled = TestContext.Current.CancellationToken;
    private readonly FakeTimeProvider _time = new(new(2026, 11, 23, 3, 0, 0, TimeSpan.Zero));
    private readonly InMemoryRegistry _registry;
    private readonly TrafficStore _traffic;
    private WebApplication? _app;
    private HttpClient? _http;
    private long _sequence;

    public MetricsTests()
    {
        _registry = new InMemoryRegistry(_time);
        _traffic = new TrafficStore(_time);
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        if (_app is not null)
            await _app.DisposeAsync();
    }

    [Fact]
    public async Task Metrics_ShowWhatTheRegistryHolds()
    {
        await StartAsync();
        Restore(
            New("orders", "orders-1", HealthStatus.Healthy, weight: 300, node: "node-a1", zone: "zone-a", version: "v2"),
            New("orders", "orders-2", HealthStatus.Unhealthy),
            New("orders", "orders-3", null, intent: IntentKind.Draining));

        var metrics = await ScrapeAsync();

        Assert.Equal("300", metrics["""mesh_instance_weight{instance="orders-1",service="orders"}"""]);
        Assert.Equal("1", metrics["""mesh_instance_health{instance="orders-1",service="orders"}"""]);
        Assert.Equal("3", metrics["""mesh_instance_health{instance="orders-2",service="orders"}"""]);
        Assert.Equal("0", metrics["""mesh_instance_health{instance="orders-3",service="orders"}"""]);
        Assert.Equal("0", metrics["""mesh_instance_intent{instance="orders-1",service="orders"}"""]);
        Assert.Equal("1", metrics["""mesh_instance_intent{instance="orders-3",service="orders"}"""]);
        Assert.Equal("1", metrics["""mesh_instance_serving{instance="orders-1",service="orders"}"""]);
        Assert.Equal("0", metrics["""mesh_instance_serving{instance="orders-3",service="orders"}"""]);
        Assert.Equal("1", metrics["""mesh_instance_info{instance="orders-1",node="node-a1",service="orders",version="v2",zone="zone-a"}"""]);
        Assert.Equal("3", metrics["""mesh_service_instances{service="orders"}"""]);
        Assert.Equal("1", metrics["""mesh_service_eligible{service="orders"}"""]);
        Assert.Equal("7", metrics["mesh_registry_revision"]);
        Assert.Equal("1", metrics["mesh_registry_available"]);
        Assert.Equal("0", metrics["""mesh_feed_subscribers{feed="registry"}"""]);
    }

    [Fact]
    public async Task Metrics_RegistryAway_SaySoAndHowOldItIs()
    {
        await StartAsync();
        _registry.TakeAway();
        _time.Advance(TimeSpan.FromSeconds(42));

        var metrics = await ScrapeAsync();

        Assert.Equal("0", metrics["mesh_registry_available"]);
        Assert.Equal("42", metrics["mesh_registry_age_seconds"]);
    }

    [Fact]
    public async Task Metrics_CountRequestsFailuresAndLatencies()
    {
        await StartAsync();
        Restore(New("orders", "orders-1", HealthStatus.Healthy));

        Report(new TrafficRow("web", "orders", "orders-1", 10, 10, 1, LatencyHistogram.Of(Enumerable.Repeat(TimeSpan.FromMilliseconds(20), 10))), inFlight: 4);
        Report(new TrafficRow("cart", "orders", "orders-1", 5, 5, 2, LatencyHistogram.Of(Enumerable.Repeat(TimeSpan.FromSeconds(2), 5))), inFlight: 3);
        _traffic.PublishFrame();
        var metrics = await ScrapeAsync();

        Assert.Equal("15", metrics["""mesh_instance_requests_total{instance="orders-1",service="orders"}"""]);
        Assert.Equal("3", metrics["""mesh_instance_failures_total{instance="orders-1",service="orders"}"""]);
        Assert.Equal("3", metrics["""mesh_instance_in_flight{instance="orders-1",service="orders"}"""]);
        Assert.Equal("0", metrics["""mesh_service_latency_seconds_bucket{service="orders",le="0.01"}"""]);
        Assert.Equal("10", metrics["""mesh_service_latency_seconds_bucket{service="orders",le="0.025"}"""]);
        Assert.Equal("15", metrics["""mesh_service_latency_seconds_bucket{service="orders",le="2.5"}"""]);
        Assert.Equal("15", metrics["""mesh_service_latency_seconds_count{service="orders"}"""]);
    }

    [Fact]
    public async Task InFlight_ReporterSilent_IsAbsentAndNotZero()
    {
        await StartAsync();
        Restore(New("orders", "orders-1", HealthStatus.Healthy));
        Report(new TrafficRow("web", "orders", "orders-1", 1, 0, 0, LatencyHistogram.Empty), inFlight: 4);
        _time.Advance(TrafficStore.SilentAfter + TimeSpan.FromSeconds(1));
        _traffic.PublishFrame();

        var metrics = await ScrapeAsync();

        Assert.DoesNotContain("""mesh_instance_in_flight{instance="orders-1",service="orders"}""", metrics.Keys);
        Assert.Contains("""mesh_instance_weight{instance="orders-1",service="orders"}""", metrics.Keys);
    }

    [Fact]
    public async Task Report_OfNamesThatAreNotRegistered_MakesNoSeries()
    {
        await StartAsync();
        Restore(New("orders", "orders-1", HealthStatus.Healthy));

        Report(new TrafficRow("web", "made-up", "x", 1, 1, 0, LatencyHistogram.Of(TimeSpan.FromSeconds(1))), inFlight: 1);
        Report(new TrafficRow("web", "orders", "made-up-2", 1, 1, 0, LatencyHistogram.Empty), inFlight: 1);

        Assert.DoesNotContain(await ScrapeAsync(), metric => metric.Key.Contains("made-up"));
    }

    [Fact]
    public async Task Instance_ThatLeft_IsGoneFromTheNextScrape()
    {
        await StartAsync();
        Restore(New("orders", "orders-1", HealthStatus.Healthy), New("orders", "orders-2", HealthStatus.Healthy));
        Assert.Contains(await ScrapeAsync(), metric => metric.Key.Contains("orders-2"));

        Restore(New("orders", "orders-1", HealthStatus.Healthy));

        Assert.DoesNotContain(await ScrapeAsync(), metric => metric.Key.Contains("orders-2"));
    }

    [Theory]
    [InlineData(15_000)]
    [InlineData(2_000)]
    public async Task Instances_ReplacedTenTimes_AllShownAndNoneElse(int limit)
    {
        await StartAsync(new TelemetryLimits(limit));
        for (var round = 0; round < 10; round++)
        {
            Restore([.. Enumerable.Range(0, 1500).Select(i => New($"service-{i % 30}", $"r{round}-{i}", HealthStatus.Healthy, version: $"v{round}"))]);
            Report(new TrafficRow("web", "service-0", $"r{round}-0", 1, 1, 0, LatencyHistogram.Of(TimeSpan.FromMilliseconds(5))), inFlight: 0);

            var metrics = await ScrapeAsync();

            foreach (var name in (string[])["weight", "health", "intent", "serving", "info", "requests_total", "failures_total", "in_flight"])
            {
                var shown = metrics.Keys.Where(key => key.StartsWith($"mesh_instance_{name}{{", StringComparison.Ordinal)).ToArray();
                Assert.Equal(1500, shown.Length);
                Assert.All(shown, key => Assert.Contains($"instance=\"r{round}-", key));
            }

            Assert.DoesNotContain(metrics, metric => metric.Key.Contains("otel_metric_overflow"));
            Assert.Equal("1", metrics[$$"""mesh_instance_requests_total{instance="r{{round}}-0",service="service-0"}"""]);
            Assert.Equal("0", metrics["mesh_metrics_omitted_instances"]);
        }
    }

    [Fact]
    public async Task Instances_MoreThanTheLimit_AreCountedAndTheOthersStay()
    {
        await StartAsync(new TelemetryLimits(Instances: 5, Services: 2));
        Restore([.. Enumerable.Range(0, 9).Select(i => New($"service-{i / 3}", $"i-{i}", HealthStatus.Healthy))]);

        var metrics = await ScrapeAsync();

        Assert.Equal(["i-0", "i-1", "i-2", "i-3", "i-4"], metrics.Keys.Where(key => key.StartsWith("mesh_instance_weight", StringComparison.Ordinal)).Select(key => key.Split('"')[1]).Order());
        Assert.Equal("4", metrics["mesh_metrics_omitted_instances"]);
        Assert.Equal("1", metrics["mesh_metrics_omitted_services"]);
    }

    [Fact]
    public async Task OpenMetrics_HasTheInstancesBeforeItsOneEnd()
    {
        await StartAsync();
        Restore(New("orders", "orders-1", HealthStatus.Healthy), New("orders", "orders-2", null));
        Report(new TrafficRow("web", "orders", "orders-1", 10, 10, 1, LatencyHistogram.Of(TimeSpan.FromMilliseconds(20))), inFlight: 4);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Accept.ParseAdd("application/openmetrics-text; version=1.0.0");
        using var answer = await _http!.SendAsync(request, _cancelled);

        var text = await answer.Content.ReadAsStringAsync(_cancelled);

        Assert.StartsWith("application/openmetrics-text", answer.Content.Headers.ContentType?.ToString(), StringComparison.Ordinal);
        var lines = text.Split('\n');
        // A counter's family goes without the suffix that its series have, and only the end ends it.
        Assert.Contains("# TYPE mesh_instance_requests counter", lines);
        Assert.Contains("""mesh_instance_requests_total{instance="orders-1",service="orders"} 10""", lines);
        Assert.Contains("# TYPE mesh_instance_weight gauge", lines);
        Assert.Equal(["# EOF", ""], lines[^2..]);
        Assert.Single(lines, "# EOF");
        Assert.Equal(lines.Length - 1, lines[..^1].Distinct().Count());
    }

    [Fact]
    public async Task Promtool_FindsNothingWrong_WhateverTheLabels()
    {
        var promtool = Peer.Require("promtool", "apt-get install prometheus");
        await StartAsync();
        Restore(New("orders", "orders-1", HealthStatus.Degraded, version: "quote \" backslash \\ line\nbreak é 漢", node: new string('n', 300)));
        Report(new TrafficRow("web", "orders", "orders-1", 10, 10, 1, LatencyHistogram.Of(TimeSpan.FromMilliseconds(20))), inFlight: 4);
        var text = await _http!.GetStringAsync("/metrics", _cancelled);

        using var process = Process.Start(new ProcessStartInfo(promtool, ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await process.StandardInput.WriteAsync(text.AsMemory(), _cancelled);
        process.StandardInput.Close();
        var said = await process.StandardOutput.ReadToEndAsync(_cancelled) + await process.StandardError.ReadToEndAsync(_cancelled);
        await process.WaitForExitAsync(_cancelled);

        Assert.Equal("", said);
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("""quote \" backslash \\ line\nbreak é 漢""", text);
    }

    [Fact]
    public async Task Health_TellsWhetherTheRegistryIsLoadedAndCurrent()
    {
        await StartAsync();

        Assert.Contains("live", await _http!.GetStringAsync("/health/live", _cancelled));
        Assert.Contains("\"ready\"", await _http.GetStringAsync("/health/ready", _cancelled));
        _registry.TakeAway();
        using var degraded = await _http.GetAsync("/health/ready", _cancelled);
        Assert.Equal(HttpStatusCode.OK, degraded.StatusCode);
        var said = await degraded.Content.ReadAsStringAsync(_cancelled);
        Assert.Contains("\"degraded\"", said);
        Assert.Contains("GET /api/v1/alerts say why", said);
    }

    private async Task StartAsync(TelemetryLimits? limits = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<TimeProvider>(_time).AddSingleton<IRegistry>(_registry).AddSingleton(_traffic);
        builder.Services.AddTelemetry(limits);
        _app = builder.Build();
        _app.UseRouting();
        _app.MapTelemetry();
        await _app.StartAsync(_cancelled);
        _http = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    /// <summary>Values by name and labels.</summary>
    private async Task<Dictionary<string, string>> ScrapeAsync()
    {
        var text = await _http!.GetStringAsync("/metrics", _cancelled);
        return text.Split('\n').Where(line => line is not ("" or ['#', ..])).Select(line => line.LastIndexOf(' ') is var end ? (line[..end].Replace("{}", "", StringComparison.Ordinal), line[(end + 1)..]) : default).ToDictionary();
    }

    private void Report(TrafficRow row, int inFlight) => Assert.Equal(ReportOutcome.Accepted, _traffic.Accept(new TrafficReport
    {
        Reporter = "gateway",
        Session = Guid.Empty,
        Sequence = ++_sequence,
        Period = TimeSpan.FromSeconds(1),
        Rows = [row],
        InFlight = inFlight == 0 ? [] : [new InFlightRow(row.Service, row.Instance, inFlight, 0)],
    }));

    private void Restore(params Instance[] instances)
    {
        var services = instances.Select(instance => instance.Key.Service).Distinct().Select(name => (EntityChange)new ServiceChange(name, null, new(ServiceSettings.Default, 1)));
        var entities = instances.SelectMany(instance => (EntityChange[])
        [
            new InstanceChange(instance.Key, null, instance.Entry),
            new HealthChange(instance.Key, null, instance.Health),
            new OperatorChange(instance.Key, null, instance.Operator),
        ]);
        _registry.Restore(RegistrySnapshot.Load(Guid.NewGuid(), revision: 7, _time.GetUtcNow(), services.Concat(entities)));
    }

    private Instance New(
        string service, string id, HealthStatus? health, int weight = 100, IntentKind intent = IntentKind.Active, string? node = null, string? zone = null, string? version = null) => new()
        {
            Key = new(service, id),
            Entry = new(new Registration { Address = "10.0.0.1", Port = 80, Weight = weight, Node = node, Zone = zone, Version = version }, 1, _time.GetUtcNow()),
            Health = health is { } status ? new HealthState(status, _time.GetUtcNow(), null, 2) : null,
            Operator = new OperatorState { Intent = new Intent { Kind = intent } },
        };
}
