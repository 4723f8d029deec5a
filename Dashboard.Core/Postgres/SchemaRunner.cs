using System.Reflection;
using DbUp;
using DbUp.Engine.Output;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Brings a database to the schema of <c>db/</c>: applies what it lacks of the numbered scripts, in order, all or nothing.</summary>
public static class SchemaRunner
{
    // Any fixed number; every console on the database takes the same.
    private const long LockKey = 0x4461_7368_626F_6172;

    /// <summary>Applies the scripts that the database has not seen. Consoles that start together wait for one another.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached, or refuses a script.</exception>
    public static async Task ApplyAsync(string connectionString, ILogger logger, CancellationToken cancellationToken)
    {
        // On a connection of its own: the scripts' transaction must not hold it, and it goes with the process if that dies.
        var forLock = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "dashboard schema lock", CommandTimeout = 120 };
        await using var connection = new NpgsqlConnection(forLock.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using (var take = new NpgsqlCommand("select pg_advisory_lock($1)", connection) { Parameters = { new() { Value = LockKey } } })
            await take.ExecuteNonQueryAsync(cancellationToken);

        await Task.Run(() => Apply(connectionString, logger), cancellationToken);
    }

    private static void Apply(string connectionString, ILogger logger)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "dashboard schema" };
        var result = DeployChanges.To
            .PostgresqlDatabase(unpooled.ConnectionString)
            .WithScriptsEmbeddedInAssembly(Assembly.GetExecutingAssembly(), name => name.StartsWith("db/", StringComparison.Ordinal))
            .JournalToPostgresqlTable("public", "schema_script")
            .WithTransaction()
            .WithVariablesDisabled()
            .LogTo(new UpgradeLog(logger))
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
            throw new NpgsqlException($"The schema script {result.ErrorScript?.Name} failed: {result.Error.Message}", result.Error);
    }

    private sealed class UpgradeLog(ILogger logger) : IUpgradeLog
    {
        public void LogTrace(string format, params object[] args) => Write(LogLevel.Trace, format, args);

        public void LogDebug(string format, params object[] args) => Write(LogLevel.Debug, format, args);

        public void LogInformation(string format, params object[] args) => Write(LogLevel.Debug, format, args);

        public void LogWarning(string format, params object[] args) => Write(LogLevel.Warning, format, args);

        public void LogError(string format, params object[] args) => Write(LogLevel.Error, format, args);

        public void LogError(Exception ex, string format, params object[] args) => Write(LogLevel.Error, format, args);

        private void Write(LogLevel level, string format, object[] args)
        {
            if (logger.IsEnabled(level))
                logger.Log(level, default, string.Format(System.Globalization.CultureInfo.InvariantCulture, format, args), null, static (text, _) => text);
        }
    }
}
