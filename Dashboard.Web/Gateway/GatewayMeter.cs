using System.Diagnostics.Metrics;
using Dashboard.Web.Gateway.Remote;

namespace Dashboard.Web.Gateway;

/// <summary>The gateway as metrics. What concerns the way to a console is there where the gateway has a process of its own.</summary>
internal sealed class GatewayMeter(IMeterFactory meters, GatewayStatus status, TimeProvider time, IServiceProvider services) : IDisposable
{
    public const string Name = "Dashboard.Gateway";
    private readonly Meter _meter = meters.Create(Name);

    /// <summary>Makes the instruments.</summary>
    public void Start()
    {
        _meter.CreateObservableGauge("mesh_gateway_ejected_instances", () => status.EjectedInstances, null, "Instances that connects failed at and that this gateway leaves out for a while.");
        if (services.GetService<RemoteCatalog>() is not { } catalog)
        {
            return;
        }

        var consoles = services.GetRequiredService<ConsoleList>();
        var reports = services.GetRequiredService<RemoteUplink>().Reports;
        var keeper = services.GetRequiredService<CatalogKeeper>();
        Gauge("catalog_revision", "The registry's revision that requests are forwarded by.", () => catalog.Feed.Current.Revision);
        _meter.CreateObservableGauge("mesh_gateway_catalog_age_seconds", () => catalog.Knowledge.Age(time.GetUtcNow()).TotalSeconds, null, "Time since the catalog was last known to be current, in seconds; 0 while it is.");
        Gauge("console_connected", "Whether a console is followed: 1 or 0.", () => catalog.Knowledge.Console is null ? 0 : 1);
        Gauge("catalog_withheld", "Whether what the console offers is not taken, because it would empty the gateway or is older: 1 or 0.", () => catalog.Knowledge.Withheld is null ? 0 : 1);
        Gauge("reports_waiting", "Traffic reports that no console has taken yet.", () => reports.Count);
        Counter("console_switches", "Changes from one console to another.", () => consoles.Switches);
        Counter("reports_lost", "Traffic reports that did not fit while no console took them.", () => reports.LostReports);
        Counter("requests_unreported", "Requests that were counted in lost reports.", () => reports.LostRequests);
        Counter("snapshot_writes", "Times that the snapshot on disk was written.", () => keeper.Writes);
        Counter("snapshot_failures", "Times that the snapshot on disk could not be written.", () => keeper.Failures);
    }

    public void Dispose() => _meter.Dispose();

    private void Gauge(string name, string help, Func<long> value) => _meter.CreateObservableGauge($"mesh_gateway_{name}", value, null, help);

    private void Counter(string name, string help, Func<long> value) => _meter.CreateObservableCounter($"mesh_gateway_{name}", value, null, help);
}
