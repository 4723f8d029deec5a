using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Discovery.Dns;

public static class DnsServiceCollectionExtensions
{
    /// <summary>
    /// Serves DNS while the host runs. Needs an <see cref="IServingSource"/> and a <see cref="FollowerTable"/>; uses an <see cref="IRegistry"/> where there is one. Keys: see <see cref="DnsOptions.From"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">A key's value cannot be used.</exception>
    public static IServiceCollection AddDns(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(DnsOptions.From(configuration));
        services.AddSingleton<DnsCounters>();
        services.AddSingleton(provider => new DnsServer(
            provider.GetRequiredService<DnsOptions>(),
            provider.GetRequiredService<IServingSource>(),
            provider.GetService<IRegistry>(),
            provider.GetRequiredService<FollowerTable>(),
            provider.GetRequiredService<DnsCounters>(),
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<ILogger<DnsServer>>()));
        return services.AddHostedService(provider => provider.GetRequiredService<DnsServer>());
    }
}
