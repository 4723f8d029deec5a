using Dashboard.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Postgres;

/// <summary>What an operator does with the stored registry from a command line, beside running consoles: verify, back up, restore.</summary>
public sealed class StoredRegistry : IAsyncDisposable
{
    private readonly PostgresRegistryOptions _options;
    private readonly RegistryDbContextFactory _contexts;
    private readonly ILogger _logger;

    /// <param name="options">Names the database.</param>
    /// <param name="logger">Is told of schema upgrades.</param>
    public StoredRegistry(PostgresRegistryOptions options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _logger = logger;
        _contexts = new(options);
    }

    /// <summary>Walks the change log's hash chain.</summary>
    /// <exception cref="Npgsql.NpgsqlException">Postgres is away, or holds no registry.</exception>
    public Task<ChainVerification> VerifyAsync(IProgress<long>? progress, CancellationToken cancellationToken) =>
        new PostgresChangeHistory(_contexts).VerifyAsync(progress, cancellationToken);

    /// <summary>Writes the whole registry, as it is at one revision, to <paramref name="destination"/>. Consoles go on writing.</summary>
    /// <exception cref="SchemaException">The owner's connection leads to another database than the application's.</exception>
    public async Task<BackupManifest> BackupAsync(Stream destination, CancellationToken cancellationToken)
    {
        await SameDatabase.EnsureAsync(_options, cancellationToken);
        return await RegistryBackup.WriteAsync(_options.Owner, destination, cancellationToken);
    }

    /// <summary>Makes the database what a backup holds, all or nothing, under a new generation; brings the schema up to date afterwards.</summary>
    /// <param name="replace">Also when the database holds a registry already: that is lost.</param>
    /// <exception cref="SchemaException">The backup is of a newer schema, the database is not empty, or the owner's connection leads to another than the application's.</exception>
    /// <exception cref="InvalidDataException">This is no backup.</exception>
    public async Task<BackupManifest> RestoreAsync(Stream source, bool replace, CancellationToken cancellationToken)
    {
        await SameDatabase.EnsureAsync(_options, cancellationToken);
        return await RegistryRestore.ReadAsync(_options.Owner, source, replace, _logger, cancellationToken);
    }

    public ValueTask DisposeAsync() => _contexts.DisposeAsync();
}
