using Dashboard.Core.Postgres;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>What a backup holds and what a restore touches: the registry's tables, all of them, and no others.</summary>
public sealed class BackupTests(PostgresServer postgres)
{
    [Fact]
    public async Task Restore_LeavesAlone_WhatStandsBesideTheRegistry()
    {
        var source = await postgres.CreateDatabaseAsync();
        await using (var registry = await OpenAsync(source))
            await registry.CommitAsync(Register("orders", "orders-1"));
        await QueryAsync(source, "create table notes (line text); insert into notes values ('of the source')");
        var target = await BesideAsync(source);
        await QueryAsync(target, "create table customers (id bigint generated always as identity (start 1000)); insert into customers values (default), (default); delete from customers where id = 1001");

        using var backup = new MemoryStream();
        await using (var stored = Stored(source))
            await stored.BackupAsync(backup, Cancelled);
        backup.Position = 0;
        await using (var stored = Stored(target))
            await stored.RestoreAsync(backup, replace: false, Cancelled);

        Assert.Equal(1L, await QueryAsync(target, "select count(*) from customers"));
        Assert.Equal(1002L, await QueryAsync(target, "insert into customers values (default) returning id"));
        await using var restored = await OpenAsync(target);
        Assert.Equal(1, restored.Current.InstanceCount);
    }

    [Fact]
    public async Task Backup_HoldsEveryTableOfTheSchema_ButJournalAndTraffic()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using (await OpenAsync(database))
        {
        }

        using var backup = new MemoryStream();
        await using var stored = Stored(database);
        var manifest = await stored.BackupAsync(backup, Cancelled);

        var tables = (string)(await QueryAsync(database, "select string_agg(relname, ' ' order by relname) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition"))!;
        Assert.Equal(tables.Split(' ').Except(["schema_script", "traffic_minute"]).Order(StringComparer.Ordinal), manifest.Tables.Select(table => table.Name).Order(StringComparer.Ordinal));
    }

    private static StoredRegistry Stored(string connectionString) => new(new() { ConnectionString = connectionString }, NullLogger.Instance);

    private static async Task<string> BesideAsync(string connectionString)
    {
        var beside = new NpgsqlConnectionStringBuilder(connectionString);
        await QueryAsync(connectionString, $"create database {beside.Database}_beside");
        beside.Database += "_beside";
        return beside.ConnectionString;
    }
}
