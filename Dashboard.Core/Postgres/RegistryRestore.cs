using System.IO.Compression;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Reads what <see cref="RegistryBackup"/> wrote into a database, in one transaction.</summary>
internal static class RegistryRestore
{
    public static async Task<BackupManifest> ReadAsync(string connectionString, Stream source, bool replace, ILogger logger, CancellationToken cancellationToken)
    {
        using var archive = Open(source);
        var manifest = await ReadManifestAsync(archive, cancellationToken);
        if (manifest.Schema > SchemaScripts.Newest)
            throw new SchemaException($"The backup is of schema {manifest.Schema} and this program knows up to {SchemaScripts.Newest}: restore it with the program that made it.");

        // The tables as they were then; what came later is applied to the restored rows as it was to those of everybody else.
        var scripts = SchemaScripts.Numbered.Where(script => SchemaScripts.NumberOf(script.Name) <= manifest.Schema).ToArray();
        try
        {
            await SchemaRunner.ApplyAsync(connectionString, scripts, logger, cancellationToken);
        }
        catch (SchemaException) when (scripts.Length < SchemaScripts.Numbered.Length)
        {
            throw new SchemaException($"The backup is of schema {manifest.Schema} and the database's is newer: restore it into a new, empty database, which is then upgraded.");
        }

        var builder = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "dashboard restore", CommandTimeout = 0 };
        await using (var connection = new NpgsqlConnection(builder.ConnectionString))
        {
            await connection.OpenAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await EmptyAsync(connection, replace, cancellationToken);
            // A backup of an older program may hold what stood beside the registry.
            foreach (var table in manifest.Tables.Where(table => SchemaScripts.Tables.Contains(table.Name)))
                await CopyAsync(connection, archive, table, cancellationToken);
            await RenewAsync(connection, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        await SchemaRunner.ApplyAsync(connectionString, logger, cancellationToken);
        return manifest;
    }

    private static ZipArchive Open(Stream source)
    {
        try
        {
            return new(source, ZipArchiveMode.Read, leaveOpen: true);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException("This is no backup of a registry: it is not a whole zip archive.", e);
        }
    }

    private static async Task<BackupManifest> ReadManifestAsync(ZipArchive archive, CancellationToken cancellationToken)
    {
        try
        {
            await using var entry = (archive.GetEntry(RegistryBackup.Manifest) ?? throw new InvalidDataException("This is no backup of a registry: it has no manifest.")).Open();
            var manifest = await JsonSerializer.DeserializeAsync(entry, BackupJson.Default.BackupManifest, cancellationToken);
            return manifest is { Format: RegistryBackup.Format } ? manifest : throw new InvalidDataException($"This backup is of format {manifest?.Format}, which this program does not know.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"This is no backup of a registry: its manifest cannot be read: {e.Message}", e);
        }
    }

    private static async Task EmptyAsync(NpgsqlConnection connection, bool replace, CancellationToken cancellationToken)
    {
        long revision;
        await using (var lockHead = new NpgsqlCommand("select revision from head for update", connection))
            revision = await lockHead.ExecuteScalarAsync(cancellationToken) as long? ?? 0;
        if (revision > 0 && !replace)
            throw new SchemaException($"The database holds a registry already, at revision {revision}. Restore into a new, empty database, or say --replace to lose what is there.");

        var tables = (await RegistryBackup.TablesAsync(connection, cancellationToken)).Select(table => RegistryBackup.Quoted(table.Name));
        await RunAsync(connection, "alter table change disable trigger change_is_not_truncated", cancellationToken);
        await RunAsync(connection, $"truncate {string.Join(", ", tables)}", cancellationToken);
        await RunAsync(connection, "alter table change enable trigger change_is_not_truncated", cancellationToken);
    }

    private static async Task CopyAsync(NpgsqlConnection connection, ZipArchive archive, BackupTable table, CancellationToken cancellationToken)
    {
        var entry = archive.GetEntry($"{table.Name}.copy") ?? throw new InvalidDataException($"The backup is not whole: the table {table.Name} is missing.");
        using var reader = new StreamReader(entry.Open());
        await using (var writer = await connection.BeginTextImportAsync($"copy {RegistryBackup.Quoted(table.Name)} ({RegistryBackup.Columns(table)}) from stdin", cancellationToken))
        {
            var buffer = new char[1 << 16];
            while (await reader.ReadAsync(buffer, cancellationToken) is var count and > 0)
                await writer.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }

        // The head comes first: the log's partitions are made for where it stands.
        if (table.Name == "head")
            await MakePartitionsAsync(connection, archive, cancellationToken);
    }

    private static async Task MakePartitionsAsync(NpgsqlConnection connection, ZipArchive archive, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand("select revision from head", connection);
        var head = (long)(await ask.ExecuteScalarAsync(cancellationToken))!;
        for (var next = await FirstRevisionAsync(archive, cancellationToken) ?? head + 1; next <= head + 1;)
        {
            await using var ensure = new NpgsqlCommand("select ensure_change_partition($1)", connection) { Parameters = { new() { Value = next } } };
            next = (long)(await ensure.ExecuteScalarAsync(cancellationToken))!;
        }
    }

    /// <summary>The lowest revision of the log in the backup; null = the log is empty.</summary>
    private static async Task<long?> FirstRevisionAsync(ZipArchive archive, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader((archive.GetEntry("change.copy") ?? throw new InvalidDataException("The backup is not whole: the table change is missing.")).Open());
        return await reader.ReadLineAsync(cancellationToken) is { } line && long.TryParse(line.AsSpan(0, Math.Max(0, line.IndexOf('\t', StringComparison.Ordinal))), out var revision) ? revision : null;
    }

    /// <summary>What is restored is not what followers know.</summary>
    private static async Task RenewAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await RunAsync(connection, "update head set generation = gen_random_uuid(), home = registry_home(), withholding = null", cancellationToken);
        await RunAsync(connection,
            $$"""
            do $$
            declare
              numbered record;
            begin
              for numbered in
                select c.relname, a.attname, pg_get_serial_sequence(c.relname::text, a.attname::text) as sequence
                from pg_class c join pg_attribute a on a.attrelid = c.oid
                where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attidentity <> '' and c.relname = any('{{{string.Join(',', SchemaScripts.Tables)}}}')
              loop
                execute format('select setval(%L, coalesce(max(%I), 0) + 1, false) from %I', numbered.sequence, numbered.attname, numbered.relname);
              end loop;
            end
            $$
            """, cancellationToken);
        await RunAsync(connection, "select pg_notify('registry_change', 'restored')", cancellationToken);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
