using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Dashboard.Core.Feeds;
using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>
/// The registry in Postgres: read from memory, written by one loop that carries waiting commands together in one transaction, kept in step with other
/// replicas on the same database. Start it before whatever reads the registry.
/// </summary>
public sealed partial class PostgresRegistry : IRegistry, IHealthOverlays, IHostedService, IAsyncDisposable
{
    private readonly PostgresRegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<PostgresRegistry> _logger;
    private readonly RegistryDatabase _database;
    private readonly RegistryReplica _replica;
    private readonly RegistryPublisher _publisher;
    private readonly WriteAvailability _availability;
    private readonly RegistryMeters _meters;
    private readonly RegistryWriter _writer;
    private readonly CancellationTokenSource _stopping = new();
    private Task _writing = Task.CompletedTask;
    private readonly PositionKeeper? _keeper;
    private Task _listening = Task.CompletedTask;
    private Task _keeping = Task.CompletedTask;
    private bool _disposed;

    /// <summary>Makes the registry; nothing is read or written before <see cref="StartAsync"/>.</summary>
    public PostgresRegistry(PostgresRegistryOptions options, TimeProvider time, ILogger<PostgresRegistry> logger, IMeterFactory? meterFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _time = time;
        _logger = logger;
        _database = new(options);
        _replica = new(_database, RegistrySnapshot.Empty(Guid.Empty, time.GetStoredNow()), logger);
        _publisher = new(_replica);
        _availability = new(time.GetStoredNow(), logger);
        _meters = new(meterFactory, () => Current.Revision, () => _writer!.Waiting, () => Availability.IsAvailable);
        _keeper = options.PositionFile is { } file ? new(file, () => _replica.Position, time, logger) : null;
        _writer = new(options, _database, _replica, _publisher, _availability, _meters, time, logger);
    }

    /// <inheritdoc/>
    public RegistrySnapshot Current => Feed.Current;

    /// <inheritdoc/>
    public Feed<RegistrySnapshot, RegistryUpdate> Feed => _publisher.Feed;

    /// <inheritdoc/>
    public event Action? OwnChanged
    {
        add => _publisher.OwnChanged += value;
        remove => _publisher.OwnChanged -= value;
    }

    /// <inheritdoc/>
    public OverlayWord Own => _publisher.Own;

    /// <inheritdoc/>
    public RegistryAvailability Availability => _availability.Current;

    /// <summary>Brings the schema up to date, loads the registry and begins to write and follow. Waits for a Postgres that is not up yet.</summary>
    /// <exception cref="NpgsqlException">Postgres did not come within <see cref="PostgresRegistryOptions.StartTimeout"/>.</exception>
    /// <exception cref="SchemaException">
    /// The schema cannot be brought up to date, or is newer than this program; a role lacks a privilege; or the owner's connection leads to another database.
    /// </exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var told = false;
        while (true)
        {
            var asking = _options.Owner;
            try
            {
                await SameDatabase.EnsureAsync(_options, cancellationToken);
                await SchemaRunner.ApplyAsync(_options.Owner, _logger, cancellationToken);
                asking = _options.ConnectionString;
                await _replica.StartAsync(RegistryPosition.Read(_options.PositionFile));
                break;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                // Waiting gives nobody a privilege.
                throw SchemaException.NotAllowed(new NpgsqlConnectionStringBuilder(asking).Username, e);
            }
            catch (NpgsqlException e) when (IsWorthWaiting(e) && _time.GetElapsedTime(began) < _options.StartTimeout)
            {
                if (!told)
                    LogWaiting(_logger, PostgresFault.Describe(e), WhereOf(_options.Owner), _options.StartTimeout.TotalSeconds);
                told = true;
                await _database.DropAsync();
                await Task.Delay(_options.RetryInterval, _time, cancellationToken);
            }
        }

        _publisher.Start();
        _availability.InStep(_time.GetStoredNow());
        var listener = new HeadListener(_options, _time, _logger, () => Math.Max(Feed.Current.Revision, _writer.Sent), () => Availability.IsAvailable, _writer.Look);
        _writing = Task.Run(_writer.RunAsync, CancellationToken.None);
        _listening = Task.Run(() => listener.RunAsync(_stopping.Token), CancellationToken.None);
        _keeping = _keeper is null ? Task.CompletedTask : Task.Run(() => _keeper.RunAsync(_stopping.Token), CancellationToken.None);
        LogLoaded(_logger, Current.Revision, Current.Services.Count, Current.InstanceCount);
    }

    /// <summary>Writes what is waiting, then stops. New commands are answered as unavailable.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _writer.Complete();
        await _stopping.CancelAsync();
        await _listening;
        await _keeping;
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_replica.Position.Generation != Guid.Empty)
            _keeper?.Write();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await StopAsync(CancellationToken.None);
        await _database.DisposeAsync();
        _meters.Dispose();
        _stopping.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask<CommandResult> ExecuteAsync(RegistryCommand command, Actor actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(actor);
        cancellationToken.ThrowIfCancellationRequested();
        return new(_writer.WriteAsync(command, actor).WaitAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public void Hear(Guid console, OverlayWord word)
    {
        _publisher.Hear(console, word);
        _writer.Look();
    }

    /// <inheritdoc/>
    public void Know(ImmutableArray<long> epochs)
    {
        _publisher.Know(epochs);
        _writer.Look();
    }

    /// <inheritdoc/>
    public void Forget(Guid console)
    {
        _publisher.Hear(console, null);
        _writer.Look();
    }

    /// <inheritdoc/>
    public Decision Preview(RegistryCommand command, Actor actor)
    {
        ArgumentNullException.ThrowIfNull(command);
        var current = Current;
        return command.Decide(current, new(actor, _time.GetStoredNow(), current.Revision + 1));
    }

    private static bool IsWorthWaiting(NpgsqlException exception) =>
        // Refused credentials or a missing database do not get better by waiting.
        exception is not PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] };

    // For the log alone: what everybody may read tells no addresses.
    private static string WhereOf(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        return $"{builder.Host}:{builder.Port}/{builder.Database}";
    }

    [LoggerMessage(10, LogLevel.Warning, "Waiting up to {Seconds} s for Postgres at {Where}: {Reason}")]
    private static partial void LogWaiting(ILogger logger, string reason, string where, double seconds);

    [LoggerMessage(11, LogLevel.Information, "Registry at revision {Revision}: {Services} services, {Instances} instances")]
    private static partial void LogLoaded(ILogger logger, long revision, int services, int instances);
}
