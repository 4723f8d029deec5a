using Dashboard.Core.Health.Leases;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Core.Replicas;

/// <summary>Adds what several consoles on one registry tell one another.</summary>
public static class ReplicasServiceCollectionExtensions
{
    /// <summary>Needs health, discovery, traffic and their stores.</summary>
    /// <param name="signIn">Tells what signs in at this console from what signs in at another; told to nobody as it is.</param>
    public static IServiceCollection AddReplicas(this IServiceCollection services, Func<IServiceProvider, string> signIn)
    {
        services.AddSingleton(provider => new SignInMark(provider.GetRequiredService<LeaseKeeper>(), signIn(provider)));
        services.AddSingleton<ReplicaIntake>();
        services.AddHostedService<ReplicaPeers>();
        return services;
    }
}
