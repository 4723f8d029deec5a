using Dashboard.Core.Postgres.Embedded;

namespace Dashboard.Tests.Support;

/// <summary>A real Postgres that one test owns, to take it away and bring it back.</summary>
public sealed class PrivatePostgresServer(string directory, EmbeddedPostgres server) : IAsyncDisposable
{
    /// <summary>Leads to its database; the same after a stop and a start.</summary>
    public string ConnectionString => server.ConnectionString;

    /// <summary>The server's process.</summary>
    public int ProcessId => server.ProcessId;

    public Task StopAsync() => server.HaltAsync(CancellationToken.None);

    public Task StartAsync() => server.ResumeAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}
