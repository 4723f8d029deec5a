using DbUp;
using DbUp.Engine;
using DbUp.Engine.Output;
using DbUp.Support;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Brings a database to the schema of <c>db/</c>: applies what it lacks of the numbered scripts, in order, all or nothing.</summary>
public static class SchemaRunner
{
    // Any fixed number; every console on the database takes the same.
    private const long LockKey = 0x4461_7368_626F_6172;

    /// <summary>Applies the scripts that the database has not seen. Consoles that start together wait for one another.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    /// <exception cref="SchemaException">It refuses a script, or a newer program has upgraded it. Nothing was changed.</exception>
    public static Task ApplyAsync(string connectionString, ILogger logger, CancellationToken cancellationToken) =>
        ApplyAsync(connectionString, SchemaScripts.Numbered, logger, cancellationToken);

    /// <summary>Applies the missing ones among <paramref name="scripts"/>.</summary>
    internal static async Task ApplyAsync(string connectionString, IReadOnlyList<(string Name, string Text)> scripts, ILogger logger, CancellationToken cancellationToken)
    {
        // On a connection of its own: the scripts' transaction must not hold it, and it goes with the process if that dies.
        var forLock = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "dashboard schema lock", CommandTimeout = 120 };
        await using var connection = new NpgsqlConnection(forLock.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        if (await IsCurrentAsync(connection, scripts, cancellationToken))
        {
            await GrantAsync(connection, cancellationToken);
            return;
        }

        await using (var take = new NpgsqlCommand("select pg_advisory_lock($1)", connection) { Parameters = { new() { Value = LockKey } } })
            await take.ExecuteNonQueryAsync(cancellationToken);

        if (!await IsCurrentAsync(connection, scripts, cancellationToken))
            await Task.Run(() => Apply(connectionString, scripts, logger), cancellationToken);
    }

    /// <summary>Gives the application's role what it needs where the roles were made after the schema, and no more where an earlier program gave it more.</summary>
    private static async Task GrantAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand(
            """
            select coalesce((
              select (not has_table_privilege(r.oid, 'head', 'update') or has_table_privilege(r.oid, 'traffic_minute', 'delete')) and pg_has_role(current_user, c.relowner, 'usage')
              from pg_roles r, pg_class c where r.rolname = 'dashboard_app' and r.oid <> c.relowner and c.oid = 'head'::regclass), false)
            """, connection);
        if (await ask.ExecuteScalarAsync(cancellationToken) is not true)
            return;

        await using var grant = new NpgsqlCommand(SchemaScripts.Grants, connection);
        await grant.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Whether nothing is missing.</summary>
    /// <exception cref="SchemaException">There is more than this program knows.</exception>
    private static async Task<bool> IsCurrentAsync(NpgsqlConnection connection, IReadOnlyList<(string Name, string Text)> scripts, CancellationToken cancellationToken)
    {
        await using (var exists = new NpgsqlCommand("select to_regclass('public.schema_script') is not null", connection))
        {
            if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
                return false;
        }

        var applied = new HashSet<string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand("select scriptname from schema_script", connection);
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                applied.Add(reader.GetString(0));
        }

        var newest = applied.Count == 0 ? 0 : applied.Max(SchemaScripts.NumberOf);
        return newest > SchemaScripts.NumberOf(scripts[^1].Name) ? throw SchemaException.Newer(newest) : scripts.All(script => applied.Contains(script.Name));
    }

    private static void Apply(string connectionString, IReadOnlyList<(string Name, string Text)> scripts, ILogger logger)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "dashboard schema" };
        var always = new SqlScriptOptions { ScriptType = ScriptType.RunAlways, RunGroupOrder = DbUpDefaults.DefaultRunGroupOrder + 1 };
        var newest = SchemaScripts.NumberOf(scripts[^1].Name);
        var result = DeployChanges.To
            .PostgresqlDatabase(unpooled.ConnectionString)
            .WithScripts(scripts.Select(script => new SqlScript(script.Name, script.Text)))
            .WithScripts(
                new SqlScript("db/grants.sql", SchemaScripts.Grants, always),
                // What a console that runs by an older schema sees at its next write.
                new SqlScript("the schema's number", FormattableString.Invariant($"update head set schema = {newest} where schema < {newest}"), always))
            .JournalToPostgresqlTable("public", "schema_script")
            .WithTransaction()
            .WithVariablesDisabled()
            .LogTo(new UpgradeLog(logger))
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
            throw Failed(result, unpooled.Username);
    }

    private static Exception Failed(DatabaseUpgradeResult result, string? user) => result.Error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused => new SchemaException(
            $"The database's schema must be upgraded ({result.ErrorScript?.Name}) and {user} may not do that: {refused.MessageText}. Nothing was changed. "
            + "Name the schema's owner in ConnectionStrings:RegistryOwner.", refused),
        PostgresException fault => new SchemaException(
            $"The schema script {result.ErrorScript?.Name} failed: {fault.MessageText} ({fault.SqlState}). Nothing of the upgrade was kept: the database is as before.", fault),
        NpgsqlException away => away,
        var other => new SchemaException($"The schema script {result.ErrorScript?.Name} failed: {other.Message} Nothing of the upgrade was kept: the database is as before.", other),
    };

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
