using Dashboard.Core.Traffic;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

public static class TrafficServices
{
    /// <summary>Adds the <see cref="TrafficStore"/> and publishes its frames. Needs the registry.</summary>
    public static IServiceCollection AddTraffic(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<TrafficStore>();
        services.AddHostedService<TrafficPublisher>();
        return services;
    }
}
