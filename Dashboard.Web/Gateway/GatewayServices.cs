using Dashboard.Core.Discovery;
using Dashboard.Web.Gateway.Remote;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dashboard.Web.Gateway;

public static class GatewayServices
{
    /// <summary>
    /// Adds the gateway to the console's process: it follows the <see cref="IServingSource"/>, acknowledges in the <see cref="FollowerTable"/> and reports to the traffic
    /// store. Needs those three.
    /// </summary>
    public static IServiceCollection AddGateway(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddGatewayCore(configuration);
        services.AddSingleton<IGatewayUplink, LocalUplink>();
        services.AddHostedService<GatewayHost>();
        return services;
    }

    /// <summary>Adds a gateway that follows one of the consoles in <c>Console:Url</c>.</summary>
    public static IServiceCollection AddRemoteGateway(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddGatewayCore(configuration);
        services.AddOptions<ConsoleOptions>().Bind(configuration.GetSection(ConsoleOptions.Section));
        services.AddSingleton<ConsoleList>();
        services.AddSingleton<ConsoleClient>();
        services.AddSingleton<RemoteCatalog>();
        services.AddSingleton<IServingSource>(provider => provider.GetRequiredService<RemoteCatalog>());
        services.AddSingleton<RemoteUplink>();
        services.AddSingleton<IGatewayUplink>(provider => provider.GetRequiredService<RemoteUplink>());
        services.AddSingleton<CatalogKeeper>();
        // Before the gateway listens, what the disk knows is loaded; after it has stopped, its last report is sent.
        services.AddHostedService(provider => provider.GetRequiredService<CatalogKeeper>());
        services.AddHostedService(provider => provider.GetRequiredService<RemoteUplink>());
        services.AddHostedService<GatewayHost>();
        // After the gateway's host, which gives the name to follow under.
        services.AddHostedService(provider => provider.GetRequiredService<RemoteCatalog>());
        return services;
    }

    private static void AddGatewayCore(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<GatewayOptions>().Bind(configuration.GetSection(GatewayOptions.Section));
        services.TryAddSingleton<GatewayStatus>();
        services.AddMetrics();
        services.AddSingleton<GatewayMeter>();
    }
}
