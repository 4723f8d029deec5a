using Dashboard.Core.Registry;

namespace Dashboard.Web.Api;

internal sealed record ServiceListDocument(Guid Generation, long Revision, DateTimeOffset At, DateTimeOffset? StaleSince, IReadOnlyList<ServiceSummaryDocument> Services);

/// <summary>A service in a list.</summary>
internal sealed record ServiceSummaryDocument(
    string Name,
    long Revision,
    ServiceProtocol Protocol,
    BalancingPolicy Policy,
    int Total,
    int Eligible,
    int Serving,
    int Draining,
    bool Panic,
    BrakeDocument? Brake)
{
    public static ServiceSummaryDocument From(ServiceSnapshot service) => new(
        service.Name,
        service.Revision,
        service.Settings.Protocol,
        service.Settings.Policy,
        service.Instances.Count,
        service.EligibleCount,
        service.Serving.Endpoints.Length,
        service.Instances.Values.Count(instance => instance.EffectiveIntent.Kind == IntentKind.Draining),
        service.Serving.Panic,
        BrakeDocument.From(service.Brake));
}

/// <summary>A service with its settings and instances.</summary>
/// <param name="Revision">The revision that last touched the service.</param>
/// <param name="RegistryRevision">The registry's own revision: pass it back as <c>expectedRevision</c>.</param>
/// <param name="Floor">Serving instances that an operator's act must leave.</param>
internal sealed record ServiceDocument(
    string Name,
    long Revision,
    long RegistryRevision,
    Guid Generation,
    SettingsDocument Settings,
    int Total,
    int Eligible,
    int Serving,
    int Floor,
    bool Panic,
    BrakeDocument? Brake,
    IEnumerable<InstanceDocument> Instances)
{
    // The instances are described one by one while they are written: a client that does not read keeps the snapshot, which is there anyhow, and not thousands of descriptions.
    public static ServiceDocument From(RegistrySnapshot snapshot, ServiceSnapshot service) => new(
            service.Name,
            service.Revision,
            snapshot.Revision,
            snapshot.Generation,
            SettingsDocument.From(service.Settings),
            service.Instances.Count,
            service.EligibleCount,
            service.Serving.Endpoints.Length,
            service.ServingFloor,
            service.Serving.Panic,
            BrakeDocument.From(service.Brake),
            service.Instances.Values.Select(instance => InstanceDocument.From(instance, service.Serving.Serves(instance.Id))));
}

internal sealed record SettingsDocument(
    ServiceProtocol Protocol,
    BalancingPolicy Policy,
    CheckDocument Check,
    DrainDefaultsDocument Drain,
    int MinEligible,
    int MinEligiblePercent,
    int PanicThreshold,
    double RemoveAfterSeconds)
{
    public static SettingsDocument From(ServiceSettings settings) => new(
        settings.Protocol,
        settings.Policy,
        new(
            settings.Check.Kind,
            settings.Check.Path,
            settings.Check.StatusFrom,
            settings.Check.StatusTo,
            settings.Check.Interval.TotalSeconds,
            settings.Check.Timeout.TotalSeconds,
            settings.Check.Rise,
            settings.Check.Fall),
        new(settings.DrainDeadline.TotalSeconds, settings.AtDeadline),
        settings.MinEligible,
        settings.MinEligiblePercent,
        settings.PanicThreshold,
        settings.RemoveAfter.TotalSeconds);
}

internal sealed record CheckDocument(CheckKind Kind, string Path, int StatusFrom, int StatusTo, double IntervalSeconds, double TimeoutSeconds, int Rise, int Fall);

internal sealed record DrainDefaultsDocument(double DeadlineSeconds, DeadlineAction AtDeadline);

internal sealed record BrakeDocument(DateTimeOffset Since, int Lost, int Total)
{
    public static BrakeDocument? From(BrakeState? brake) => brake is null ? null : new(brake.Since, brake.Lost, brake.Total);
}
