using System.Data;
using System.IO.Compression;
using System.Text.Json;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>
/// Writes every table as it is under one head into a zip archive: <c>manifest.json</c> and, for each table, what Postgres' COPY gives. Needs no program besides, so
/// it works with the embedded server too.
/// </summary>
internal static class RegistryBackup
{
    public const int Format = 1;

    public const string Manifest = "manifest.json";

    /// <summary>The journal says what was applied to this database, and stays here.</summary>
    public const string Journal = "schema_script";

    // What traffic did is no part of the registry, and a thousand times as much.
    private const string Traffic = "traffic_minute";

    public static async Task<BackupManifest> WriteAsync(string connectionString, Stream destination, CancellationToken cancellationToken)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "dashboard backup", CommandTimeout = 0 };
        await using var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var tables = await TablesAsync(connection, cancellationToken);
        var manifest = await DescribeAsync(connection, tables, cancellationToken);
        using var archive = new ZipArchive(destination, ZipArchiveMode.Create, leaveOpen: true);
        await using (var entry = archive.CreateEntry(Manifest).Open())
            await JsonSerializer.SerializeAsync(entry, manifest, BackupJson.Default.BackupManifest, cancellationToken);
        foreach (var table in tables)
        {
            await using var writer = new StreamWriter(archive.CreateEntry($"{table.Name}.copy", CompressionLevel.Fastest).Open());
            // A partitioned table is copied by a query.
            using var reader = await connection.BeginTextExportAsync($"copy (select {Columns(table)} from {Quoted(table.Name)}{(table.Name == "change" ? " order by revision" : "")}) to stdout", cancellationToken);
            var buffer = new char[1 << 16];
            while (await reader.ReadAsync(buffer, cancellationToken) is var count and > 0)
                await writer.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return manifest;
    }

    public static string Columns(BackupTable table) => string.Join(", ", table.Columns.Select(Quoted));

    public static string Quoted(string name) => '"' + name.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';

    /// <summary>Every table of the registry, the head first. Others may stand beside them: they are neither copied nor touched.</summary>
    public static async Task<List<BackupTable>> TablesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select c.relname::text, array_agg(a.attname::text order by a.attnum)
            from pg_class c join pg_attribute a on a.attrelid = c.oid
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname not in ('{Journal}', '{Traffic}') and c.relname = any($1)
              and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            group by c.relname order by c.relname <> 'head', c.relname
            """, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = SchemaScripts.Tables.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<BackupTable>();
        while (await reader.ReadAsync(cancellationToken))
            tables.Add(new(reader.GetString(0), reader.GetFieldValue<string[]>(1)));
        return tables;
    }

    private static async Task<BackupManifest> DescribeAsync(NpgsqlConnection connection, List<BackupTable> tables, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select schema, generation, revision, now() from head", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(Format, reader.GetInt32(0), reader.GetGuid(1), reader.GetInt64(2), reader.GetFieldValue<DateTimeOffset>(3), tables)
            : throw new InvalidDataException("The database holds no registry: its head row is missing.");
    }
}
