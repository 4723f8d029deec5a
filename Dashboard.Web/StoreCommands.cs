using System.Data.Common;
using System.Globalization;
using Dashboard.Core.Postgres;
using Dashboard.Core.Postgres.Embedded;

namespace Dashboard.Web;

/// <summary>
/// What the program does with the stored registry instead of running: <c>audit verify</c>, <c>backup FILE</c>, <c>restore FILE</c>. Consoles may go on running meanwhile;
/// an embedded Postgres is used as it runs, or started for the time being.
/// </summary>
internal static class StoreCommands
{
    private const string Replace = "--replace";

    // Postgres' undefined_table.
    private const string UndefinedTable = "42P01";

    public static bool Handles(string[] arguments) => arguments is ["audit" or "verify" or "backup" or "restore", ..];

    /// <returns>The exit code: 0 = done, and an intact chain; 1 = a broken chain, or a failure that was told; 2 = not understood.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        using var interrupted = new CancellationTokenSource();
        System.Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            interrupted.Cancel();
        };
        try
        {
            return arguments switch
            {
                ["audit", "verify", ..] => await WithAsync(arguments, 2, VerifyAsync, interrupted.Token),
                ["verify", ..] => await WithAsync(arguments, 1, VerifyAsync, interrupted.Token),
                ["backup", var file, ..] when IsFile(file) => await WithAsync(arguments, 2, (registry, stop) => BackupAsync(registry, file, stop), interrupted.Token),
                ["restore", var file, ..] when IsFile(file) => await WithAsync(
                    arguments, 2, (registry, stop) => RestoreAsync(registry, file, arguments.Contains(Replace), stop), interrupted.Token, Replace),
                _ => await UsageAsync(),
            };
        }
        catch (DbException failure) when (failure.SqlState == UndefinedTable)
        {
            await System.Console.Error.WriteLineAsync("There is no registry in this database: no console has begun one there. Name the database, or the data directory, as the console has it.");
            return 1;
        }
        catch (Exception failure) when (failure is DbException or SchemaException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            await System.Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            await System.Console.Error.WriteLineAsync("Interrupted; nothing was changed.");
            return 1;
        }
    }

    private static bool IsFile(string argument) => !argument.StartsWith("--", StringComparison.Ordinal);

    private static async Task<int> UsageAsync()
    {
        await System.Console.Error.WriteLineAsync(
            "usage: audit verify | backup FILE | restore FILE [--replace], each with --ConnectionStrings:Registry=... or --Data:Directory=... as the console has them");
        return 2;
    }

    private static async Task<int> NotUnderstoodAsync(IReadOnlyList<string> faults)
    {
        await System.Console.Error.WriteLineAsync(string.Join('\n', faults));
        return await UsageAsync();
    }

    private static async Task<int> WithAsync(
        string[] arguments, int skip, Func<StoredRegistry, CancellationToken, Task<int>> act, CancellationToken cancellationToken, string? flag = null)
    {
        // A misspelt setting that is left unread would send the command to another database.
        var faults = CommandLine.FaultsOf(arguments, skip, flag);
        if (faults.Count > 0)
            return await NotUnderstoodAsync(faults);

        var configuration = new ConfigurationBuilder()
            .SetBasePath(AppContext.BaseDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddEnvironmentVariables()
            .AddCommandLine([.. arguments[skip..].Where(argument => argument != flag)])
            .Build();
        faults = StartSettings.FaultsOf(configuration, "command");
        if (faults.Count > 0)
            return await NotUnderstoodAsync(faults);

        // Only what is asked for goes to the standard output.
        using var logging = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddSimpleConsole()
            .Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace));
        var connectionString = configuration.GetConnectionString("Registry");
        await using var server = string.IsNullOrEmpty(connectionString) ? await OwnServer.FindAsync(configuration, logging, mayBegin: flag is not null, cancellationToken) : null;
        await using var registry = new StoredRegistry(
            new() { ConnectionString = server?.ConnectionString ?? connectionString!, OwnerConnectionString = configuration.GetConnectionString("RegistryOwner") },
            logging.CreateLogger("Dashboard"));
        return await act(registry, cancellationToken);
    }

    private static async Task<int> VerifyAsync(StoredRegistry registry, CancellationToken cancellationToken)
    {
        var result = await registry.VerifyAsync(new ProgressLines(), cancellationToken);
        var scope = result.Checkpoint > 0 ? Invariant($"revisions {result.Checkpoint + 1} to {result.Head} (those before were dropped by retention)") : Invariant($"revisions 1 to {result.Head}");
        System.Console.WriteLine(result.IsIntact
            ? Invariant($"intact: {result.Checked} changes, {scope}, hash {result.Hash}")
            : Invariant($"BROKEN at revision {result.BrokenAt}: {result.Problem}; {result.Checked} changes of {scope} were read"));
        return result.IsIntact ? 0 : 1;
    }

    private static async Task<int> BackupAsync(StoredRegistry registry, string file, CancellationToken cancellationToken)
    {
        var partial = file + ".part";
        try
        {
            BackupManifest manifest;
            await using (var stream = new FileStream(partial, FileMode.Create, FileAccess.ReadWrite))
            {
                // It holds the keys of sign-in cookies.
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(partial, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                manifest = await registry.BackupAsync(stream, cancellationToken);
                stream.Flush(flushToDisk: true);
            }

            File.Move(partial, file, overwrite: true);
            System.Console.WriteLine(Invariant($"{file}: the registry at revision {manifest.Revision}, {new FileInfo(file).Length} bytes"));
            return 0;
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static async Task<int> RestoreAsync(StoredRegistry registry, string file, bool replace, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        var manifest = await registry.RestoreAsync(stream, replace, cancellationToken);
        System.Console.WriteLine(Invariant($"restored the registry of {manifest.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC at revision {manifest.Revision}, under a new generation"));
        return await VerifyAsync(registry, cancellationToken);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A line now and then, so that a walk of minutes does not look like one that hangs.</summary>
    private sealed class ProgressLines : IProgress<long>
    {
        private const long Every = 1_000_000;
        private long _next = Every;

        public void Report(long value)
        {
            if (value < _next)
                return;
            _next = value + Every;
            System.Console.Error.WriteLine(Invariant($"{value} changes read"));
        }
    }

    /// <summary>The embedded server: the one that a console runs, else one for the time of this command.</summary>
    private sealed class OwnServer(EmbeddedPostgres? started, string connectionString) : IAsyncDisposable
    {
        public string ConnectionString => connectionString;

        /// <param name="mayBegin">Whether a directory without a server gets one: what is restored needs somewhere to go, what is read would not be there.</param>
        public static async Task<OwnServer> FindAsync(IConfiguration configuration, ILoggerFactory logging, bool mayBegin, CancellationToken cancellationToken)
        {
            var directory = DataDirectory.Of(configuration);
            if (!mayBegin && !EmbeddedPostgres.Exists(directory))
                throw new IOException($"There is no registry in {directory}. Name the console's with --Data:Directory=PATH, or its database with --ConnectionStrings:Registry=...");

            if (EmbeddedPostgres.FindRunning(directory) is { } running)
                return new(null, running);

            var started = await ConsoleRole.StartPostgresAsync(directory, logging, cancellationToken);
            return new(started, started.ConnectionString);
        }

        public ValueTask DisposeAsync() => started?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
