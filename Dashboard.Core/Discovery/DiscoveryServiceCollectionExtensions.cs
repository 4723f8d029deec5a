using Dashboard.Core.Registry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dashboard.Core.Discovery;

/// <summary>Adds what followers are told and have taken, derived from the registry of this console.</summary>
public static class DiscoveryServiceCollectionExtensions
{
    /// <param name="catalogFile">Where to keep what followers were told last; null = nowhere.</param>
    public static IServiceCollection AddDiscovery(this IServiceCollection services, string? catalogFile = null)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<FollowerTable>();
        services.AddSingleton<EndpointWaiters>();
        if (catalogFile is not null)
        {
            services.AddSingleton(new ServingCatalogFile(catalogFile));
            services.AddHostedService<ServingCatalogKeeper>();
        }

        services.AddSingleton(provider => new RegistryServingSource(
            provider.GetRequiredService<IRegistry>(), provider.GetRequiredService<EndpointWaiters>(), provider.GetService<ServingCatalogFile>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IServingSource>(provider => provider.GetRequiredService<RegistryServingSource>());
        services.AddHostedService(provider => provider.GetRequiredService<RegistryServingSource>());
        services.AddSingleton<ChangeTimes>();
        services.AddHostedService(provider => provider.GetRequiredService<ChangeTimes>());
        services.AddSingleton<FollowerBoard>();
        services.AddHostedService<FollowerExpiry>();
        return services;
    }
}
