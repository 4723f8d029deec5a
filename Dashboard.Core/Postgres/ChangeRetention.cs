using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Drops what is older than its retention from the change log and from traffic's minutes, whole partitions at a time, as the schema's owner. Any replica may; one at a time does.</summary>
internal sealed partial class ChangeRetention(PostgresRegistryOptions options, TimeProvider time, ILogger<ChangeRetention> logger) : BackgroundService
{
    private const long LockKey = 0x4461_7368_626F_6173;

    private bool _told;

    /// <summary>Drops changes that are due now, and answers how many partitions that were. While somebody reads the log for long nothing is dropped.</summary>
    /// <exception cref="NpgsqlException">Postgres is away, busy or refuses.</exception>
    internal async Task<int> PruneAsync(CancellationToken cancellationToken)
    {
        if (options.Retention <= TimeSpan.Zero)
            return 0;

        var dropped = await PruneAsync("select prune_changes($1)", options.Retention, cancellationToken);
        if (dropped > 0)
            LogPruned(logger, dropped, options.Retention.TotalDays);
        return dropped;
    }

    /// <summary>Drops days of traffic that are due now, and answers how many those were.</summary>
    /// <exception cref="NpgsqlException">Postgres is away, busy or refuses.</exception>
    internal async Task<int> PruneTrafficAsync(CancellationToken cancellationToken)
    {
        if (options.TrafficRetention <= TimeSpan.Zero)
            return 0;

        var dropped = await PruneAsync("select prune_traffic($1)", options.TrafficRetention, cancellationToken);
        if (dropped > 0)
            LogTrafficPruned(logger, dropped, options.TrafficRetention.TotalDays);
        return dropped;
    }

    private async Task<int> PruneAsync(string statement, TimeSpan retention, CancellationToken cancellationToken)
    {
        var builder = new NpgsqlConnectionStringBuilder(options.Owner) { Pooling = false, ApplicationName = "dashboard retention", CommandTimeout = 120 };
        await using var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Locks are held meanwhile: better another time than writers that wait.
        await using (var patience = new NpgsqlCommand("set local lock_timeout = '1s'", connection, transaction))
            await patience.ExecuteNonQueryAsync(cancellationToken);
        await using (var turn = new NpgsqlCommand("select pg_try_advisory_xact_lock($1)", connection, transaction) { Parameters = { new() { Value = LockKey } } })
        {
            if (await turn.ExecuteScalarAsync(cancellationToken) is not true)
                return 0;
        }

        await using var prune = new NpgsqlCommand(statement, connection, transaction) { Parameters = { new() { Value = retention } } };
        var dropped = (int)(await prune.ExecuteScalarAsync(cancellationToken))!;
        await transaction.CommitAsync(cancellationToken);
        return dropped;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Retention <= TimeSpan.Zero && options.TrafficRetention <= TimeSpan.Zero)
            return;

        using var timer = new PeriodicTimer(options.RetentionInterval, time);
        do
        {
            try
            {
                await PruneAsync(stoppingToken);
                await PruneTrafficAsync(stoppingToken);
            }
            catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                if (!_told)
                    LogRefused(logger, refused.MessageText);
                _told = true;
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(logger, PostgresFault.Describe(failure));
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(22, LogLevel.Information, "Dropped {Partitions} partitions of the change log that were older than {Days} days")]
    private static partial void LogPruned(ILogger logger, int partitions, double days);

    [LoggerMessage(25, LogLevel.Information, "Dropped {Partitions} days of traffic that were older than {Days} days")]
    private static partial void LogTrafficPruned(ILogger logger, int partitions, double days);

    [LoggerMessage(23, LogLevel.Warning, "Old changes are kept, because this role may not drop them ({Reason}): name the schema's owner in ConnectionStrings:RegistryOwner, or set Audit:RetentionDays and History:RetentionDays to 0")]
    private static partial void LogRefused(ILogger logger, string reason);

    [LoggerMessage(24, LogLevel.Information, "Old changes could not be dropped now; the next round tries again: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
