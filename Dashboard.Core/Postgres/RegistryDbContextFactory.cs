using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Opens contexts on a small pool of connections of their own, so that a slow history query never waits for, or holds up, the writer.</summary>
internal sealed class RegistryDbContextFactory : IDbContextFactory<RegistryDbContext>, IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly DbContextOptions<RegistryDbContext> _options;

    public RegistryDbContextFactory(PostgresRegistryOptions options)
    {
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            ApplicationName = "dashboard history",
            MaxPoolSize = 8,
            Timeout = (int)options.ConnectTimeout.TotalSeconds,
            CommandTimeout = 5,
        });
        _options = new DbContextOptionsBuilder<RegistryDbContext>()
            .UseNpgsql(_source)
            .UseSnakeCaseNamingConvention()
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .Options;
    }

    public RegistryDbContext CreateDbContext() => new(_options);

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
