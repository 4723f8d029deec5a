using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Opens contexts on a small pool of connections of their own, so that a slow history query never waits for, or holds up, the writer.</summary>
internal sealed class RegistryDbContextFactory : IDbContextFactory<RegistryDbContext>, IAsyncDisposable
{
    // Whoever only starts and serves needs no model.
    private readonly Lazy<DbContextOptions<RegistryDbContext>> _options;

    public RegistryDbContextFactory(PostgresRegistryOptions options)
    {
        Source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            ApplicationName = "dashboard history",
            MaxPoolSize = 8,
            Timeout = (int)options.ConnectTimeout.TotalSeconds,
            CommandTimeout = 5,
        });
        _options = new(() => new DbContextOptionsBuilder<RegistryDbContext>()
            .UseNpgsql(Source)
            .UseSnakeCaseNamingConvention()
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .Options);
    }

    /// <summary>The pool, for what needs no context.</summary>
    public NpgsqlDataSource Source { get; }

    public RegistryDbContext CreateDbContext() => new(_options.Value);

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
