using System.Globalization;
using System.Net;
using Dashboard.Core.Health.Leases;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Core.Health;

/// <summary>Adds health checks.</summary>
public static class HealthServiceCollectionExtensions
{
    private const string DefaultUrls = "http://127.0.0.1:5080";

    /// <summary>
    /// Adds the monitor, <see cref="Heartbeats"/> and <see cref="HealthBoard"/>. Needs an <see cref="Registry.IRegistry"/> , an <see cref="ILeaseStore"/> and an <see cref="IHeartbeatStore"/>. Reads <c>Health:AllowedNetworks</c> (CIDRs as a list, or in one
    /// string with commas between), <c>Health:MaxConcurrentProbes</c> and, for the default of the former, <c>Urls</c>.
    /// </summary>
    /// <exception cref="FormatException">One of the settings cannot be read.</exception>
    public static IServiceCollection AddHealth(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddSingleton(Read(configuration));
        services.AddSingleton<HealthBoard>();
        services.AddSingleton<Heartbeats>();
        services.AddSingleton<HealthMetrics>();
        services.AddSingleton<IProbe, TcpProbe>();
        services.AddSingleton<IProbe, HttpProbe>();
        services.AddSingleton<IProbe, GrpcProbe>();
        // Before the monitor, so that it stops after it: shares are given up when nobody looks at them any more.
        services.AddSingleton(ReadLeases(configuration));
        services.AddSingleton(provider => new HealthShare(provider.GetRequiredService<TimeProvider>(), Ownership.None));
        services.AddSingleton<LeaseKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<LeaseKeeper>());
        services.AddHostedService<HealthMonitor>();
        services.AddSingleton<HeartbeatJournal>();
        services.AddHostedService(provider => provider.GetRequiredService<HeartbeatJournal>());
        return services;
    }

    internal static HealthOptions Read(IConfiguration configuration)
    {
        var networks = configuration.GetSection("Health:AllowedNetworks");
        var listed = networks.GetChildren().Select(child => child.Value ?? "").Concat((networks.Value ?? "").Split(',')).Where(text => !string.IsNullOrWhiteSpace(text)).ToArray();
        var concurrent = configuration["Health:MaxConcurrentProbes"];
        var options = new HealthOptions
        {
            AllowedNetworks = listed.Length > 0 ? AllowedNetworks.Parse(listed) : AllowedNetworks.Default(withLoopback: ListensOnLoopbackAlone(configuration["Urls"] ?? DefaultUrls)),
        };
        return concurrent is null ? options
            : int.TryParse(concurrent, NumberStyles.None, CultureInfo.InvariantCulture, out var max) && max is >= 1 and <= 65536 ? options with { MaxConcurrentProbes = max }
            : throw new FormatException($"Health:MaxConcurrentProbes: {concurrent} is not a whole number from 1 to 65536.");
    }

    internal static LeaseOptions ReadLeases(IConfiguration configuration)
    {
        var seconds = configuration["Replica:LeaseSeconds"];
        return seconds is null ? new()
            : double.TryParse(seconds, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var lease) && lease is >= 1 and <= 60 ? new() { Lease = TimeSpan.FromSeconds(lease) }
            : throw new FormatException($"Replica:LeaseSeconds: {seconds} is not a number from 1 to 60.");
    }

    private static bool ListensOnLoopbackAlone(string urls) => urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).All(url =>
        Uri.TryCreate(url.Replace("://+", "://0.0.0.0", StringComparison.Ordinal).Replace("://*", "://0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var uri)
        && (uri.Host == "localhost" || (IPAddress.TryParse(uri.DnsSafeHost, out var address) && IPAddress.IsLoopback(address))));
}
