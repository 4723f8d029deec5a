using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Core.Balancing;

/// <summary>Adds the load balancing policies.</summary>
public static class BalancingServiceCollectionExtensions
{
    public static IServiceCollection AddBalancing(this IServiceCollection services)
    {
        services.AddSingleton(BalancingPolicies.Default);
        return services;
    }
}
