using Dashboard.Core.Registry;

namespace Dashboard.Web.Console.State;

/// <summary>From the registry's words to the states that are drawn.</summary>
public static class MeshStates
{
    public static MeshState Of(HealthStatus health) => health switch
    {
        HealthStatus.Healthy => MeshState.Healthy,
        HealthStatus.Degraded => MeshState.Degraded,
        HealthStatus.Unhealthy => MeshState.Unhealthy,
        _ => MeshState.Unknown,
    };

    /// <summary>Null: active, which needs no mark.</summary>
    public static MeshState? Of(IntentKind intent) => intent switch
    {
        IntentKind.Draining => MeshState.Draining,
        IntentKind.Drained => MeshState.Drained,
        IntentKind.Maintenance => MeshState.Maintenance,
        _ => null,
    };

    /// <summary>The one state of a whole service: the worst that its callers notice.</summary>
    public static MeshState Of(ServiceSnapshot service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var serving = service.Serving;
        if (serving.Total == 0)
        {
            return MeshState.Unknown;
        }

        if (serving.Panic)
        {
            return MeshState.Panic;
        }

        var wanted = service.Instances.Values.Where(instance => instance.IsWanted).ToArray();
        return serving.Endpoints.IsEmpty
            ? wanted.Length > 0 && wanted.All(instance => instance.HealthStatus == HealthStatus.Unknown) ? MeshState.Unknown : MeshState.Unhealthy
            : wanted.Any(instance => instance.HealthStatus is HealthStatus.Unhealthy or HealthStatus.Degraded) ? MeshState.Degraded
            : MeshState.Healthy;
    }

    public static string Word(this MeshState state) => state switch
    {
        MeshState.Healthy => "Healthy",
        MeshState.Degraded => "Degraded",
        MeshState.Unhealthy => "Unhealthy",
        MeshState.Unknown => "Not yet checked",
        MeshState.Draining => "Draining",
        MeshState.Drained => "Drained",
        MeshState.Maintenance => "Maintenance",
        MeshState.Panic => "Panic",
        MeshState.UnderWay => "Under way",
        MeshState.Ended => "Ended",
        _ => "Stale",
    };

    /// <summary>The part of class names and custom properties: <c>state-draining</c>, <c>--state-draining</c>.</summary>
    public static string Css(this MeshState state) => state switch
    {
        MeshState.Healthy => "healthy",
        MeshState.Degraded => "degraded",
        MeshState.Unhealthy => "unhealthy",
        MeshState.Unknown => "unknown",
        MeshState.Draining => "draining",
        MeshState.Drained => "drained",
        MeshState.Maintenance => "maintenance",
        MeshState.Panic => "panic",
        MeshState.UnderWay => "underway",
        MeshState.Ended => "ended",
        _ => "stale",
    };
}
