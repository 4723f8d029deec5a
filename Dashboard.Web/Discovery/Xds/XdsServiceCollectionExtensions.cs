using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Xds;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Discovery.Xds;

public static class XdsServiceCollectionExtensions
{
    /// <summary>
    /// Serves xDS and takes load reports while the host runs, in a web application of its own. Needs an <see cref="IServingSource"/>, an <see cref="IRegistry"/>, a <see cref="FollowerTable"/> and a
    /// <see cref="TrafficStore"/>. Keys: see <see cref="XdsServerOptions"/>.
    /// </summary>
    /// <param name="tokens">Gives what tells whether a token opens xDS to a client that is not on this host.</param>
    /// <exception cref="InvalidOperationException">A key's value cannot be used.</exception>
    public static IServiceCollection AddXds(this IServiceCollection services, IConfiguration configuration, Func<IServiceProvider, Func<string, bool>> tokens)
    {
        var options = XdsServerOptions.From(configuration);
        services.AddSingleton(options);
        services.AddSingleton(provider => new XdsIndex(
            provider.GetRequiredService<IServingSource>(),
            provider.GetRequiredService<FollowerTable>(),
            options.Resources,
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new XdsGate(tokens(provider)));
        services.AddSingleton<LoadReportDesk>();
        services.AddSingleton<XdsHost>();
        services.AddHostedService(provider => provider.GetRequiredService<XdsIndex>());
        return services.AddHostedService(provider => provider.GetRequiredService<XdsHost>());
    }
}
