using System.Diagnostics.Metrics;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Telemetry;

/// <summary><c>/metrics</c> for Prometheus and the health endpoints.</summary>
public static class TelemetryExtensions
{
    /// <summary>
    /// Adds the metrics of the mesh, where the host has a registry and traffic, of its store and health checks, of ASP.NET Core and the runtime. Counting starts with the host.
    /// </summary>
    /// <param name="limits">How many label sets are exposed; null: the default ones.</param>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, TelemetryLimits? limits = null)
    {
        limits ??= new TelemetryLimits();
        services.AddSingleton(provider => new MetricsEndpoint(provider, limits, MeshOf(provider, limits)));
        services.AddHostedService<Starter>();
        return services;
    }

    /// <summary>Maps <c>/metrics</c>, which needs credentials like everything else.</summary>
    public static IEndpointRouteBuilder MapMetrics(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/metrics", (HttpContext context, MetricsEndpoint metrics) => metrics.AnswerAsync(context)).ExcludeFromDescription();
        return endpoints;
    }

    /// <summary>Maps <c>/health/live</c> and <c>/health/ready</c>, which need none.</summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health/live", HealthEndpoints.Live).AllowAnonymous().ExcludeFromDescription();
        endpoints.MapGet("/health/ready", HealthEndpoints.Ready).AllowAnonymous().ExcludeFromDescription();
        return endpoints;
    }

    /// <summary>Maps both.</summary>
    public static IEndpointRouteBuilder MapTelemetry(this IEndpointRouteBuilder endpoints) => endpoints.MapMetrics().MapHealth();

    private static MeshMeter? MeshOf(IServiceProvider provider, TelemetryLimits limits) =>
        provider.GetService<IRegistry>() is { } registry && provider.GetService<TrafficStore>() is { } traffic
            ? new MeshMeter(registry, traffic, provider.GetService<TimeProvider>() ?? TimeProvider.System, provider.GetRequiredService<IMeterFactory>(), limits, provider.GetService<FollowerBoard>())
            : null;

    private sealed class Starter(MetricsEndpoint metrics) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            metrics.Start();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
