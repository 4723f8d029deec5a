using System.Diagnostics;
using System.Reflection;
using Dashboard.Core.Registry;
using Dashboard.Tests.Core.Postgres;
using Dashboard.Tests.Support;
using Npgsql;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Web;

/// <summary>The program's commands on the stored registry, run as an operator runs them.</summary>
public sealed class StoreCommandTests(PostgresServer postgres) : IDisposable
{
    private static readonly string Program = typeof(StoreCommandTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "ConsoleProgram").Value!;

    private readonly string _directory = Directory.CreateTempSubdirectory("store-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_was_backed_up_while_a_console_wrote_comes_back_in_another_database()
    {
        var database = await postgres.CreateDatabaseAsync();
        var file = Path.Combine(_directory, "registry.backup");
        await using (var registry = await OpenAsync(database))
        {
            for (var n = 0; n < 50; n++)
                await registry.CommitAsync(Register($"service-{n % 3}", $"instance-{n}", node: "host\tone"));
            await registry.CommitAsync(new Dashboard.Core.Registry.Commands.DrainInstance(new("service-0", "instance-0")) { Reason = "tab\t, \\ backslash,\nline – ünïcode", Override = true }, Operator);
            await QueryAsync(database, "insert into data_protection_key (name, xml) values ('key-1', '<key/>')");
            using var stop = new CancellationTokenSource();
            var writing = StoreChild.WriteAsync(registry, "meanwhile", (_, _) => { }, stop.Token);

            var said = await RunAsync("db/backup", file, Connection(database));
            await stop.CancelAsync();
            await writing;

            Assert.Contains("the registry at revision", said.Output, StringComparison.Ordinal);
            Assert.Equal(0, said.ExitCode);
        }

        var empty = new NpgsqlConnectionStringBuilder(database);
        await QueryAsync(database, $"create database {empty.Database}_restored");
        empty.Database += "_restored";
        var restored = await RunAsync("db/restore", file, Connection(empty.ConnectionString));

        Assert.True(restored.ExitCode == 0, restored.Output);
        Assert.Contains("under a new generation", restored.Output, StringComparison.Ordinal);
        Assert.Contains("intact: ", restored.Output, StringComparison.Ordinal);
        var changes = await StoredLog.AssertWholeAsync(empty.ConnectionString);
        Assert.Equal((await StoredLog.ChangesAsync(database)).Take(changes.Count).Select(change => (change.Revision, change.Target, change.Reason)), changes.Select(change => (change.Revision, change.Target, change.Reason)));
        Assert.NotEqual(await QueryAsync(database, "select generation from head"), await QueryAsync(empty.ConnectionString, "select generation from head"));
        await using (var console = await OpenAsync(empty.ConnectionString))
        {
            Assert.Equal(changes.Count, console.Current.Revision);
            await console.CommitAsync(Register("cart", "after"));
        }

        await QueryAsync(empty.ConnectionString, "insert into data_protection_key (name, xml) values ('key-2', '<key/>')");

        // Over a registry that is there: only when it is said.
        var refused = await RunAsync("db/restore", file, Connection(empty.ConnectionString));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("holds a registry already", refused.Output, StringComparison.Ordinal);
        await using var running = await OpenAsync(empty.ConnectionString);
        var generation = running.Current.Generation;
        var replaced = await RunAsync("db/restore", file, "--replace", Connection(empty.ConnectionString));
        Assert.True(replaced.ExitCode == 0, replaced.Output);
        await EventuallyAsync(() => running.Current.Revision == changes.Count && running.Current.Generation != generation, "a running console takes the restored registry over", seconds: 60);
    }

    [Fact]
    public async Task Verify_tells_an_intact_chain_from_a_broken_one_by_its_exit_code()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using (var registry = await OpenAsync(database))
        {
            for (var n = 0; n < 10; n++)
                await registry.CommitAsync(Register("cart", $"cart-{n}"));
        }

        var intact = await RunAsync(null, "audit", "verify", Connection(database));
        await QueryAsync(database, "set session_replication_role = replica; update change set reason = 'because' where revision = 7");
        var broken = await RunAsync(null, "audit", "verify", Connection(database));

        Assert.Equal(0, intact.ExitCode);
        Assert.StartsWith("intact: 10 changes, revisions 1 to 10, hash ", intact.Output, StringComparison.Ordinal);
        Assert.Equal(1, broken.ExitCode);
        Assert.StartsWith("BROKEN at revision 7: revision 7 is not as it was written", broken.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_backup_and_what_is_no_command_is_told()
    {
        var database = await postgres.CreateDatabaseAsync();
        var file = Path.Combine(_directory, "not.backup");
        await File.WriteAllTextAsync(file, "not a backup", Cancelled);

        var restored = await RunAsync(null, "restore", file, Connection(database));
        var usage = await RunAsync(null, "audit", "burn");
        var misspelt = await RunAsync(null, "restore", file, "--replcae", Connection(database));
        var elsewhere = await RunAsync(null, "audit", "verify", $"--Data:Directory={Path.Combine(_directory, "elsewhere")}");
        var unbegun = new NpgsqlConnectionStringBuilder(database);
        await QueryAsync(database, $"create database {unbegun.Database}_unbegun");
        unbegun.Database += "_unbegun";
        var nothing = await RunAsync(null, "audit", "verify", Connection(unbegun.ConnectionString));

        Assert.Equal(1, restored.ExitCode);
        Assert.Contains("no backup of a registry", restored.Output, StringComparison.Ordinal);
        Assert.Equal(2, usage.ExitCode);
        Assert.Contains("usage: ", usage.Output, StringComparison.Ordinal);
        Assert.Equal(2, misspelt.ExitCode);
        Assert.Contains("--replcae: is no setting", misspelt.Output, StringComparison.Ordinal);
        Assert.Equal(1, elsewhere.ExitCode);
        Assert.StartsWith("There is no registry in ", elsewhere.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_directory, "elsewhere")), "a directory was made by a command that only reads");
        Assert.Equal(1, nothing.ExitCode);
        Assert.StartsWith("There is no registry in this database", nothing.Output, StringComparison.Ordinal);
    }

    private static string Connection(string connectionString) => $"--ConnectionStrings:Registry={connectionString}";

    private static async Task<(int ExitCode, string Output)> RunAsync(string? script, params string[] arguments)
    {
        var start = new ProcessStartInfo(script is null ? "dotnet" : Path.Combine(PostgresPackages.Root, script)) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DASHBOARD"] = $"dotnet exec {Program}";
        foreach (var argument in script is null ? ["exec", Program, .. arguments] : arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(Cancelled);
            var output = await process.StandardOutput.ReadToEndAsync(Cancelled);
            await process.WaitForExitAsync(Cancelled);
            return (process.ExitCode, output + await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
