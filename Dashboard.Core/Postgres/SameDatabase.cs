using System.Security.Cryptography;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Keeps a schema from being made, upgraded, backed up or restored in another database than the registry's.</summary>
internal static class SameDatabase
{
    /// <summary>Finds out whether the owner's connection leads to the same database as the application's, whatever each calls server and database.</summary>
    /// <exception cref="SchemaException">It leads to another. Nothing was changed.</exception>
    /// <exception cref="NpgsqlException">One of them cannot be reached.</exception>
    public static async Task EnsureAsync(PostgresRegistryOptions options, CancellationToken cancellationToken)
    {
        if (string.Equals(options.Owner, options.ConnectionString, StringComparison.Ordinal))
            return;

        // An advisory lock is one database's on one server: what both name alike may be two, behind a pooler for one, and what they name differently may be one.
        var key = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
        await using var application = await OpenAsync(options.ConnectionString, cancellationToken);
        await using var owner = await OpenAsync(options.Owner, cancellationToken);
        await using var held = await application.BeginTransactionAsync(cancellationToken);
        await using var asked = await owner.BeginTransactionAsync(cancellationToken);
        await using (var take = new NpgsqlCommand("select pg_advisory_xact_lock($1)", application, held) { Parameters = { new() { Value = key } } })
            await take.ExecuteNonQueryAsync(cancellationToken);
        await using var ask = new NpgsqlCommand("select pg_try_advisory_xact_lock($1)", owner, asked) { Parameters = { new() { Value = key } } };
        if (await ask.ExecuteScalarAsync(cancellationToken) is true)
        {
            throw new SchemaException(
                $"ConnectionStrings:RegistryOwner leads to {PostgresRegistryOptions.PlaceOf(options.Owner)}, and ConnectionStrings:Registry to {options.Place}: these are two databases. Nothing was changed. "
                + "Name the registry's in both.");
        }
    }

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "dashboard schema check" }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
