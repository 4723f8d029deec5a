using System.Diagnostics.Metrics;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Postgres;

/// <summary>Adds the registry's store.</summary>
public static class PostgresServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IRegistry"/>, <see cref="IChangeHistory"/> and <see cref="DataProtectionKeyStore"/> on the database that <paramref name="configure"/> names.
    /// Call it before whatever adds hosted services that read the registry: hosted services start in the order in which they were added, and the
    /// registry is loaded when this one has started.
    /// </summary>
    public static IServiceCollection AddPostgresRegistry(this IServiceCollection services, Action<PostgresRegistryOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(_ =>
        {
            var options = new PostgresRegistryOptions();
            configure(options);
            if (options.ConnectionString.Length == 0)
                throw new InvalidOperationException("The registry's connection string is empty.");
            return options;
        });
        services.AddSingleton(provider => new PostgresRegistry(
            provider.GetRequiredService<PostgresRegistryOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PostgresRegistry>>(),
            provider.GetService<IMeterFactory>()));
        services.AddSingleton<IRegistry>(provider => provider.GetRequiredService<PostgresRegistry>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<PostgresRegistry>());
        services.AddSingleton<IHealthOverlays>(provider => provider.GetRequiredService<PostgresRegistry>());
        services.AddSingleton<ILeaseStore, PostgresLeaseStore>();
        services.AddHostedService<ChangeRetention>();
        services.AddSingleton<IHeartbeatStore, PostgresHeartbeatStore>();
        services.AddSingleton<INoticeStore, PostgresNoticeStore>();
        services.AddSingleton<IHistoryStore, PostgresHistoryStore>();
        services.AddSingleton<RegistryDbContextFactory>();
        services.AddSingleton<IDbContextFactory<RegistryDbContext>>(provider => provider.GetRequiredService<RegistryDbContextFactory>());
        services.AddSingleton<IChangeHistory, PostgresChangeHistory>();
        services.AddSingleton(provider => new DataProtectionKeyStore(provider.GetRequiredService<RegistryDbContextFactory>().Source));
        return services;
    }

    /// <summary>Adds the registry's store on the database that <paramref name="connectionString"/> leads to.</summary>
    public static IServiceCollection AddPostgresRegistry(this IServiceCollection services, string connectionString) =>
        services.AddPostgresRegistry(options => options.ConnectionString = connectionString);
}
