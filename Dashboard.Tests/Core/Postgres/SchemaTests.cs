using Dashboard.Core.Postgres;
using Dashboard.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

public sealed class SchemaTests(PostgresServer postgres)
{
    [Fact]
    public async Task The_model_of_EF_Core_is_the_schema_that_the_scripts_make()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var contexts = new RegistryDbContextFactory(new() { ConnectionString = database });
        await using var context = contexts.CreateDbContext();

        var model = context.Model.GetEntityTypes().SelectMany(type =>
        {
            var table = StoreObjectIdentifier.Table(type.GetTableName()!, null);
            var key = type.FindPrimaryKey()!.Properties;
            return type.GetProperties().Select(property =>
                $"{table.Name}.{property.GetColumnName(table)} {property.GetColumnType()}{(property.IsNullable ? "" : " not null")}{(key.Contains(property) ? " key" : "")}");
        });

        Assert.Equal(await ReadColumnsAsync(database), model.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Consoles_that_start_together_apply_each_script_once()
    {
        var name = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        await QueryAsync(name.ConnectionString, "create database " + name.Database + "_empty");
        name.Database += "_empty";

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SchemaRunner.ApplyAsync(name.ConnectionString, NullLogger.Instance, Cancelled)));

        Assert.Equal(1L, await QueryAsync(name.ConnectionString, "select count(*) from schema_script where scriptname = 'db/0001_registry.sql'"));
        Assert.Equal(1L, await QueryAsync(name.ConnectionString, "select count(*) from head"));
    }

    private static async Task<List<string>> ReadColumnsAsync(string database)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Cancelled);
        await using var command = new NpgsqlCommand(
            """
            select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
              || case when a.attnotnull then ' not null' else '' end
              || case when exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey)) then ' key' else '' end
            from pg_class c join pg_attribute a on a.attrelid = c.oid
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
              and c.relname not in ('schema_script', 'replica', 'replica_secret', 'health_lease', 'heartbeat', 'alert_notice', 'traffic_minute', 'generation_start', 'data_protection_key') and a.attnum > 0 and not a.attisdropped
            """, connection);
        await using var reader = await command.ExecuteReaderAsync(Cancelled);
        var columns = new List<string>();
        while (await reader.ReadAsync(Cancelled))
            columns.Add(reader.GetString(0));
        columns.Sort(StringComparer.Ordinal);
        return columns;
    }
}
