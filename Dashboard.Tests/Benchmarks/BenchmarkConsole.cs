using System.Net.Http.Json;
using Dashboard.Core.Postgres.Embedded;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Dashboard.Tests.Benchmarks;

/// <summary>The real console as a process of its own, on a durable Postgres that the benchmark may use too.</summary>
internal sealed class BenchmarkConsole : IAsyncDisposable
{
    private readonly string _directory;
    private readonly EmbeddedPostgres _postgres;
    private bool _running = true;

    private BenchmarkConsole(string directory, EmbeddedPostgres postgres, ConsoleProcess process)
    {
        _directory = directory;
        _postgres = postgres;
        Process = process;
    }

    public ConsoleProcess Process { get; private set; }

    public HttpClient Client => Process.Client;

    public string ConnectionString => _postgres.ConnectionString;

    public int PostgresId => _postgres.ProcessId;

    /// <summary>The header that signs a request in.</summary>
    public static string Authorization => $"Authorization: Bearer {ConsoleProcess.Token}";

    /// <summary>Starts both. The data go with them.</summary>
    public static async Task<BenchmarkConsole> StartAsync(CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("dashboard-bench-").FullName;
        var postgres = await EmbeddedPostgres.StartAsync(
            new() { Directory = directory, PackageDirectories = PostgresPackages.Directories }, TimeProvider.System, NullLogger.Instance, cancellationToken);
        return new(directory, postgres, await StartConsoleAsync(postgres, cancellationToken));
    }

    /// <summary>Stops the console; its registry stays.</summary>
    public async Task StopAsync()
    {
        if (_running)
        {
            _running = false;
            await Process.DisposeAsync();
        }
    }

    /// <summary>Starts it again after <see cref="StopAsync"/> and waits until it is ready.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        Process = await StartConsoleAsync(_postgres, cancellationToken);
        _running = true;
    }

    /// <summary>Services whose instances are trusted, so that no check of them runs beside the benchmark.</summary>
    public async Task PutServicesAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            using var answer = await Client.PutAsJsonAsync(new Uri($"/api/v1/services/{name}", UriKind.Relative), new { check = new { kind = "none" } }, cancellationToken);
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>The database as pgbench is told of it.</summary>
    public string LibpqConnection()
    {
        var parts = new NpgsqlConnectionStringBuilder(ConnectionString);
        return $"host={parts.Host} port={parts.Port} user={parts.Username} password={parts.Password} dbname={parts.Database}";
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _postgres.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static Task<ConsoleProcess> StartConsoleAsync(EmbeddedPostgres postgres, CancellationToken cancellationToken) =>
        ConsoleProcess.StartAsync([$"--ConnectionStrings:Registry={postgres.ConnectionString}"], cancellationToken);
}
