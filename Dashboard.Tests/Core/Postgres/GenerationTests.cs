using Dashboard.Core.Postgres;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>A database that was taken back to an earlier state, or lies elsewhere, gets a new generation; one that merely goes on keeps it.</summary>
public sealed class GenerationTests(PostgresServer postgres) : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("position-").FullName;

    private string PositionFile => Path.Combine(_directory, "position.json");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_restart_keeps_the_generation()
    {
        var database = await postgres.CreateDatabaseAsync();
        var first = await WriteAsync(database, 1, 5);
        // Another console, which knows nothing, wrote meanwhile.
        await using (var other = await OpenAsync(database))
            await other.CommitAsync(Register("search", "search-1"));

        Assert.Equal(first, await WriteAsync(database, 6, 7));
    }

    [Fact]
    public async Task A_copy_in_another_database_is_another_generation()
    {
        var database = await postgres.CreateDatabaseAsync();
        var first = await WriteAsync(database, 1, 5);
        var copy = await CopyAsync(database);

        // Whether or not the console remembers anything.
        await using var console = await OpenAsync(copy);

        Assert.NotEqual(first, console.Current.Generation);
        Assert.Equal(5, console.Current.Revision);
    }

    [Fact]
    public async Task A_copy_that_was_written_further_while_the_consoles_were_down_is_another_generation()
    {
        var database = await postgres.CreateDatabaseAsync();
        var first = await WriteAsync(database, 1, 5);
        await KeepAsync(database);
        await WriteAsync(database, 6, 10);
        // The same place, taken back to revision 5, and written further than ever before by a console that has no memory.
        await TakeBackAsync(database);
        await using (var other = await OpenAsync(database))
        {
            Assert.Equal(first, other.Current.Generation);
            for (var n = 0; n < 20; n++)
                await other.CommitAsync(Register("search", $"search-{n}"));
        }

        var again = await WriteAsync(database, 30, 31);

        Assert.NotEqual(first, again);
    }

    [Fact]
    public async Task A_database_taken_back_while_the_consoles_were_down_is_another_generation()
    {
        var database = await postgres.CreateDatabaseAsync();
        var first = await WriteAsync(database, 1, 5);
        await KeepAsync(database);
        await WriteAsync(database, 6, 10);
        await TakeBackAsync(database);

        Assert.NotEqual(first, await WriteAsync(database, 6, 6));
    }

    [Fact]
    public async Task Tables_emptied_under_the_same_head_are_another_generation()
    {
        var database = await postgres.CreateDatabaseAsync();
        var first = await WriteAsync(database, 1, 5);
        await QueryAsync(database, "delete from instance; delete from service");

        await using var console = await StartAsync(database);

        Assert.NotEqual(first, console.Current.Generation);
    }

    [Fact]
    public async Task An_unreadable_position_is_no_reason_not_to_start()
    {
        var database = await postgres.CreateDatabaseAsync();
        var first = await WriteAsync(database, 1, 5);
        await File.WriteAllTextAsync(PositionFile, "{ not json", Cancelled);

        Assert.Equal(first, await WriteAsync(database, 6, 7));
        Assert.Equal(7, RegistryPosition.Read(PositionFile)!.Revision);
    }

    private async Task<PostgresRegistry> StartAsync(string database)
    {
        var registry = new PostgresRegistry(new() { ConnectionString = database, PositionFile = PositionFile }, TimeProvider.System, NullLogger<PostgresRegistry>.Instance);
        await registry.StartAsync(Cancelled);
        return registry;
    }

    /// <summary>A console's life; answers the generation that it worked in.</summary>
    private async Task<Guid> WriteAsync(string database, int first, int last)
    {
        await using var registry = await StartAsync(database);
        for (var n = first; n <= last; n++)
            await registry.CommitAsync(Register("cart", $"cart-{n}"));
        return registry.Current.Generation;
    }

    private static async Task<string> CopyAsync(string database)
    {
        var copy = new NpgsqlConnectionStringBuilder(database);
        var admin = new NpgsqlConnectionStringBuilder(database) { Database = "postgres" };
        copy.Database += "_copy";
        NpgsqlConnection.ClearAllPools();
        await QueryAsync(admin.ConnectionString, $"create database {copy.Database} template {new NpgsqlConnectionStringBuilder(database).Database}");
        return copy.ConnectionString;
    }

    private static Task KeepAsync(string database) => QueryAsync(database,
        "create schema kept; create table kept.head as select * from head; create table kept.service as select * from service; create table kept.instance as select * from instance");

    /// <summary>What a restored image of the disk looks like: the same server, database and timeline.</summary>
    private static Task TakeBackAsync(string database) => QueryAsync(database,
        """
        set session_replication_role = replica;
        delete from change where revision > (select revision from kept.head);
        delete from instance; insert into instance select * from kept.instance;
        delete from service; insert into service select * from kept.service;
        delete from head; insert into head select * from kept.head
        """);
}
