using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dashboard.Core.Postgres.Embedded;

/// <summary>
/// The Postgres that the console starts when no connection string is configured: a server of its own in the data directory,
/// reachable through a private socket alone, restarted when it dies, stopped with the console.
/// </summary>
public sealed partial class EmbeddedPostgres : IAsyncDisposable
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private readonly EmbeddedPostgresOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DataDirectoryLock _lock;
    private readonly PostgresCluster _cluster;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private Task _watch = Task.CompletedTask;
    private bool _halted;
    private bool _disposed;

    private EmbeddedPostgres(EmbeddedPostgresOptions options, TimeProvider time, ILogger logger, DataDirectoryLock held, PostgresCluster cluster)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _lock = held;
        _cluster = cluster;
    }

    /// <summary>Leads to the options' database, with every right on it. Holds a password: keep it out of logs.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>The server's process; 0 while it is not running.</summary>
    public int ProcessId => _cluster.ProcessId;

    /// <summary>
    /// Takes the data directory, makes a cluster in it at the first start, stops a server that a killed console left behind,
    /// starts anew and returns when connections are accepted.
    /// </summary>
    /// <exception cref="EmbeddedPostgresException">The directory is held, Postgres is missing or does not start; the message is for the operator.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var directory = Path.GetFullPath(options.Directory);
        options = new EmbeddedPostgresOptions
        {
            Directory = directory,
            PackageDirectories = options.PackageDirectories,
            Database = options.Database,
            Durable = options.Durable,
            StartTimeout = options.StartTimeout,
            StopTimeout = options.StopTimeout,
            Command = options.Command ?? DataDirectoryLock.Describe(Environment.GetCommandLineArgs()),
        };
        var began = time.GetTimestamp();
        CreateDataDirectory(directory);
        var held = DataDirectoryLock.Take(directory, options.Command, time);
        PostgresCluster? cluster = null;
        try
        {
            cluster = await PostgresCluster.OpenAsync(options, cancellationToken);
            if (await cluster.StopLeftoverAsync(cancellationToken) is var left and not 0)
                LogLeftover(logger, left, directory);

            var server = new EmbeddedPostgres(options, time, logger, held, cluster);
            await cluster.StartAsync(cancellationToken);
            await server.CreateDatabaseAsync(cancellationToken);
            server._watch = server.WatchAsync();
            LogStarted(logger, cluster.Version, directory, time.GetElapsedTime(began).TotalSeconds);
            return server;
        }
        catch
        {
            // Also after Ctrl-C in the middle of a start: no server is left behind.
            if (cluster is not null)
            {
                await cluster.StopAsync(CancellationToken.None);
                cluster.DeleteSocketDirectory();
            }

            held.Dispose();
            throw;
        }
    }

    /// <summary>The connection string of the server that a console runs in a data directory; null when none runs there.</summary>
    /// <exception cref="UnauthorizedAccessException">The directory is another user's.</exception>
    public static string? FindRunning(string directory, string database = "dashboard") => PostgresCluster.FindRunning(Path.GetFullPath(directory), database);

    /// <summary>Whether a console has ever kept its data in a data directory.</summary>
    public static bool Exists(string directory) => PostgresCluster.Exists(Path.GetFullPath(directory));

    /// <summary>Stops the server until <see cref="ResumeAsync"/>, keeping the hold on the data directory.</summary>
    public async Task HaltAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            _halted = true;
            await _cluster.StopAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Starts the server again after <see cref="HaltAsync"/>; connection string and data are the same.</summary>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_cluster.IsRunning)
                await _cluster.StartAsync(cancellationToken);
            _halted = false;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Stops the server (orderly, or at once after <see cref="EmbeddedPostgresOptions.StopTimeout"/>) and gives the data directory free.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;

        await _stopping.CancelAsync();
        await _watch;
        await _gate.WaitAsync();
        try
        {
            if (_disposed)
                return;
            _disposed = true;
            await _cluster.StopAsync(CancellationToken.None);
            _cluster.DeleteSocketDirectory();
        }
        finally
        {
            _lock.Dispose();
            _gate.Release();
        }
    }

    private static void CreateDataDirectory(string directory)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(directory);
            else if (!Directory.Exists(directory))
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EmbeddedPostgresException($"The data directory {directory} cannot be created: {e.Message} Choose another one with --Data:Directory=PATH.", e);
        }
    }

    private async Task CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        ConnectionString = _cluster.ConnectionString(_options.Database);
        var admin = new NpgsqlConnectionStringBuilder(_cluster.ConnectionString("postgres")) { Pooling = false };
        await using var connection = new NpgsqlConnection(admin.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var exists = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection) { Parameters = { new() { Value = _options.Database } } };
        if (await exists.ExecuteScalarAsync(cancellationToken) is not null)
            return;

        await using var create = new NpgsqlCommand($"create database \"{_options.Database.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(WatchInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                if (_cluster.IsRunning)
                    continue;

                await _gate.WaitAsync(_stopping.Token);
                try
                {
                    if (!_halted && !_cluster.IsRunning)
                        await RestartAsync();
                }
                finally
                {
                    _gate.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The console stops.
        }
    }

    private async Task RestartAsync()
    {
        LogDied(_logger, _cluster.LogFile);
        try
        {
            await _cluster.StopLeftoverAsync(_stopping.Token);
            await _cluster.StartAsync(_stopping.Token);
            LogRestarted(_logger);
        }
        catch (EmbeddedPostgresException e)
        {
            LogRestartFailed(_logger, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Embedded Postgres {Version} runs in {Directory} ({Seconds:0.0} s)")]
    private static partial void LogStarted(ILogger logger, string version, string directory, double seconds);

    [LoggerMessage(2, LogLevel.Warning, "Stopped Postgres process {ProcessId}, which an earlier console left running in {Directory}")]
    private static partial void LogLeftover(ILogger logger, int processId, string directory);

    [LoggerMessage(3, LogLevel.Error, "The embedded Postgres died and is started again; its log is {LogFile}")]
    private static partial void LogDied(ILogger logger, string logFile);

    [LoggerMessage(4, LogLevel.Warning, "The embedded Postgres runs again")]
    private static partial void LogRestarted(ILogger logger);

    [LoggerMessage(5, LogLevel.Error, "The embedded Postgres could not be started again: {Reason}")]
    private static partial void LogRestartFailed(ILogger logger, string reason);
}
