using System.Globalization;
using Dashboard.Core.Postgres;
using Dashboard.Core.Postgres.Embedded;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Dashboard.Tests.Support;

/// <summary>
/// The real Postgres of a test run: one embedded server, started by the first test that wants a database, removed with its data at the end. Take it as a
/// constructor parameter. A test that stops Postgres takes a server of its own from <see cref="StartPrivateAsync"/>.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private const string Template = "template_registry";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private string _directory = "";
    private EmbeddedPostgres? _server;
    private int _databases;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Makes an empty registry's database, schema included, and answers its connection string.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        await _gate.WaitAsync();
        try
        {
            _server ??= await StartAsync();
            var name = string.Create(CultureInfo.InvariantCulture, $"test_{++_databases}");
            await ExecuteAsync(Admin, $"create database {name} template {Template}");
            // Clones share their template's generation; two registries must not.
            var connectionString = For(name);
            await ExecuteAsync(connectionString, "update head set generation = gen_random_uuid()");
            return connectionString;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Starts a server of the test's own, which it may halt and resume. Its database has no schema yet. Dispose it.</summary>
    /// <param name="durable">Whether commits wait for the disk, as in production.</param>
    public static async Task<PrivatePostgresServer> StartPrivateAsync(bool durable = false)
    {
        var directory = Directory.CreateTempSubdirectory("dashboard-private-").FullName;
        return new PrivatePostgresServer(directory, await StartServerAsync(directory, durable));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is null)
            return;
        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private string Admin => For("postgres");

    private static Task<EmbeddedPostgres> StartServerAsync(string directory, bool durable = false) => EmbeddedPostgres.StartAsync(
        new EmbeddedPostgresOptions { Directory = directory, PackageDirectories = PostgresPackages.Directories, Durable = durable },
        TimeProvider.System, NullLogger.Instance, CancellationToken.None);

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<EmbeddedPostgres> StartAsync()
    {
        _directory = Directory.CreateTempSubdirectory("dashboard-tests-").FullName;
        _server = await StartServerAsync(_directory);
        await ExecuteAsync(Admin, $"create database {Template}");
        await SchemaRunner.ApplyAsync(For(Template), NullLogger.Instance, CancellationToken.None);
        return _server;
    }

    private string For(string database) => new NpgsqlConnectionStringBuilder(_server!.ConnectionString) { Database = database }.ConnectionString;
}
