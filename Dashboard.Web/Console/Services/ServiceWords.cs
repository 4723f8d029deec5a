using Dashboard.Core.Registry;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Services;

/// <summary>What a service's state and settings are called, with the numbers behind them.</summary>
internal static class ServiceWords
{
    /// <summary>The service's state in a word or two.</summary>
    public static string State(ServiceSnapshot service) =>
        service.Serving.Total == 0 ? "Empty"
        : MeshStates.Of(service) is MeshState.Unhealthy ? "Nobody serves"
        : MeshStates.Of(service).Word();

    /// <summary>Why the service is in its state, in one sentence.</summary>
    public static string Because(ServiceSnapshot service)
    {
        var serving = service.Serving;
        if (serving.Total == 0)
        {
            return "No instance is registered.";
        }

        if (serving.Panic)
        {
            return $"Only {service.EligibleCount} of the {serving.Endpoints.Length} instances that should serve are healthy, under the threshold of {service.Settings.PanicThreshold} %: "
                + "health is ignored and all of them get traffic.";
        }

        if (serving.WhyEmpty is { } why)
        {
            return $"Nobody serves: {why}.";
        }

        var facts = new List<string>();
        Add(HealthStatus.Unhealthy, "unhealthy");
        Add(HealthStatus.Degraded, "degraded");
        Add(HealthStatus.Unknown, "not yet checked");
        return facts.Count == 0 ? "Every instance that should serve is healthy." : $"{string.Join(", ", facts)} of {serving.Total}.";

        void Add(HealthStatus status, string word)
        {
            var count = service.Instances.Values.Count(instance => instance.IsWanted && instance.HealthStatus == status);
            if (count > 0)
            {
                facts.Add($"{count} {word}");
            }
        }
    }

    public static string Policy(BalancingPolicy policy) => policy switch
    {
        BalancingPolicy.RoundRobin => "round robin",
        BalancingPolicy.Random => "random",
        BalancingPolicy.WeightedRoundRobin => "weighted round robin",
        BalancingPolicy.LeastConnections => "least connections",
        _ => "power of two choices",
    };

    public static string Check(CheckSettings check) => check.Kind switch
    {
        CheckKind.Tcp => $"TCP connect every {Format.Setting(check.Interval)}",
        CheckKind.Http => $"GET {check.Path} every {Format.Setting(check.Interval)}, {check.StatusFrom}–{check.StatusTo} passes",
        CheckKind.Grpc => $"gRPC health every {Format.Setting(check.Interval)}",
        CheckKind.Ttl => "heartbeats from the instance",
        _ => "none: trusted as healthy",
    };

    /// <summary>What is open; "≥" where not everybody has told.</summary>
    public static string InFlight(long? open, bool? complete) => open is null ? Format.None : complete == false ? $"≥ {Format.Count(open.Value)}" : Format.Count(open.Value);

    public static string AtDeadline(DeadlineAction action) => action switch
    {
        DeadlineAction.Force => "cut what is still open",
        DeadlineAction.Undrain => "put it back into service",
        _ => "keep draining and raise the alarm",
    };
}
