using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dashboard.Core.Discovery;

/// <summary>Adds what followers are told and have taken, derived from the registry of this console.</summary>
public static class DiscoveryServiceCollectionExtensions
{
    public static IServiceCollection AddDiscovery(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<FollowerTable>();
        services.AddSingleton<EndpointWaiters>();
        services.AddSingleton<RegistryServingSource>();
        services.AddSingleton<IServingSource>(provider => provider.GetRequiredService<RegistryServingSource>());
        services.AddHostedService(provider => provider.GetRequiredService<RegistryServingSource>());
        services.AddSingleton<ChangeTimes>();
        services.AddHostedService(provider => provider.GetRequiredService<ChangeTimes>());
        services.AddSingleton<FollowerBoard>();
        services.AddHostedService<FollowerExpiry>();
        return services;
    }
}
