using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Core.Replicas;

/// <summary>Adds what several consoles on one registry tell one another.</summary>
public static class ReplicasServiceCollectionExtensions
{
    /// <summary>Needs health, discovery, traffic and their stores.</summary>
    public static IServiceCollection AddReplicas(this IServiceCollection services)
    {
        services.AddSingleton<ReplicaIntake>();
        services.AddHostedService<ReplicaPeers>();
        return services;
    }
}
