using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>
/// Listens for other replicas' commits on a connection of its own and says when to look at the head: at a notification, after every reconnect and every
/// few seconds, so that a lost notification costs delay and nothing else. While Postgres is away it asks for it, so that the writer need not.
/// </summary>
internal sealed partial class HeadListener(PostgresRegistryOptions options, TimeProvider time, ILogger logger, Func<long> revision, Func<bool> available, Action look)
{
    private readonly string _connectionString = new NpgsqlConnectionStringBuilder(options.ConnectionString)
    {
        Pooling = false,
        ApplicationName = "dashboard listener",
        Timeout = (int)options.ConnectTimeout.TotalSeconds,
        CommandTimeout = (int)options.CommandTimeout.TotalSeconds,
        CancellationTimeout = 500,
    }.ConnectionString;

    /// <summary>Runs until cancelled; no failure ends it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogLost(logger, PostgresFault.Describe(e));
                // The writer finds out for itself whether it is as bad as that.
                if (available())
                    look();
                await Task.Delay(options.RetryInterval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception)
            {
                return; // Cancelled.
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_connectionString);
        connection.Notification += (_, notification) =>
        {
            // This replica's own commits come back too, mostly after it has published them.
            if (!long.TryParse(notification.Payload, CultureInfo.InvariantCulture, out var announced) || announced > revision())
                look();
        };
        await connection.OpenAsync(cancellationToken);
        await using (var listen = new NpgsqlCommand("listen registry_change", connection))
            await listen.ExecuteNonQueryAsync(cancellationToken);
        look();

        var sincePoll = time.GetTimestamp();
        while (true)
        {
            if (await connection.WaitAsync(options.RetryInterval, cancellationToken))
                continue;
            if (available() && time.GetElapsedTime(sincePoll) < options.PollInterval)
                continue;

            sincePoll = time.GetTimestamp();
            await using var ask = new NpgsqlCommand("select 1", connection);
            await ask.ExecuteNonQueryAsync(cancellationToken);
            look();
        }
    }

    [LoggerMessage(20, LogLevel.Debug, "Not listening to Postgres: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);
}
