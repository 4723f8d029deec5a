using System.Diagnostics;
using Dashboard.Core.Postgres.Embedded;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Dashboard.Tests.Core.Postgres.Embedded;

/// <summary>Starts real servers, as whoever runs the tests; as root the same tests run once more as an ordinary user.</summary>
public sealed class EmbeddedPostgresTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dashboard-embedded-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Data_survives_an_orderly_stop_and_the_next_start()
    {
        await using (var first = await StartAsync(_directory))
        {
            Assert.NotEqual(0, first.ProcessId);
            await ExecuteAsync(first, "create table kept (n int); insert into kept values (42)");
        }

        Assert.False(File.Exists(Path.Combine(_directory, "postgres", "data", "postmaster.pid")));
        await using var second = await StartAsync(_directory);
        Assert.Equal(42, await ExecuteAsync(second, "select n from kept"));
    }

    [Fact]
    public async Task A_directory_that_is_held_is_refused_by_the_holders_name()
    {
        await using var holder = await StartAsync(_directory, "console --demo");

        var refused = await Assert.ThrowsAsync<EmbeddedPostgresException>(() => StartAsync(_directory));

        Assert.Contains($"process {Environment.ProcessId} (console --demo), since ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(_directory, refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, await ExecuteAsync(holder, "select 1"));
    }

    [Fact]
    public void A_holder_is_described_without_the_values_of_its_settings() =>
        Assert.Equal(
            "Dashboard.Web.dll --demo --Auth:AdminToken --Attention:Webhooks:0:Url …",
            DataDirectoryLock.Describe(["/opt/dashboard/Dashboard.Web.dll", "--demo", "--Auth:AdminToken=secret", "--Attention:Webhooks:0:Url", "https://hooks.example/secret"]));

    [Fact]
    public async Task A_path_longer_than_a_socket_address_works()
    {
        var deep = Path.Combine(_directory, new string('d', 60), new string('e', 60) + " it's");
        Directory.CreateDirectory(deep);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_directory, File.GetUnixFileMode(_directory) | UnixFileMode.OtherExecute);
        string socket;
        await using (var server = await StartAsync(deep))
        {
            Assert.Equal(1, await ExecuteAsync(server, "select 1"));
            socket = new NpgsqlConnectionStringBuilder(server.ConnectionString).Host!;
            Assert.True(Directory.Exists(socket));
        }

        Assert.False(Directory.Exists(socket));
    }

    [Fact]
    public async Task A_server_that_a_killed_console_left_running_is_stopped_and_replaced()
    {
        // What kill -9 leaves: the server lives, its lock is free, and nobody watches it (its clock stands still).
        await using var left = await StartAsync(_directory, time: new FakeTimeProvider());
        await ExecuteAsync(left, "create table kept (n int); insert into kept values (7)");
        var old = left.ProcessId;
        ReleaseLock();

        await using var server = await StartAsync(_directory);

        Assert.NotEqual(old, server.ProcessId);
        Assert.False(IsAlive(old));
        Assert.Equal(7, await ExecuteAsync(server, "select n from kept"));
    }

    [Fact]
    public async Task A_stale_process_file_that_names_a_stranger_is_cleared_away()
    {
        await (await StartAsync(_directory)).DisposeAsync();
        using var stranger = Process.Start("sleep", "60");
        await File.WriteAllTextAsync(Path.Combine(_directory, "postgres", "data", "postmaster.pid"),
            $"{stranger.Id}\n{_directory}/postgres/data\n1\n5432\n/nowhere\n\n1 1\nready\n", Cancelled);

        await using var server = await StartAsync(_directory);

        Assert.Equal(1, await ExecuteAsync(server, "select 1"));
        Assert.False(stranger.HasExited);
        stranger.Kill();
    }

    [Fact]
    public async Task A_server_that_dies_is_started_again_with_what_was_committed()
    {
        await using var server = await StartAsync(_directory);
        await ExecuteAsync(server, "create table kept (n int); insert into kept values (1)");
        var old = server.ProcessId;

        using (var process = Process.GetProcessById(old))
            process.Kill();

        await Eventually(() => server.ProcessId is not 0 and var now && now != old);
        await Eventually(async () => await ExecuteAsync(server, "select n from kept") is 1);
    }

    [Fact]
    public async Task A_halted_server_stays_down_until_it_is_resumed()
    {
        await using var server = await StartAsync(_directory);
        await server.HaltAsync(Cancelled);
        Assert.Equal(0, server.ProcessId);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(server, "select 1"));

        await server.ResumeAsync(Cancelled);

        Assert.Equal(1, await ExecuteAsync(server, "select 1"));
    }

    [Fact]
    public async Task An_open_connection_does_not_hold_up_the_stop()
    {
        // Whoever waited for the connection to end would wait for all of this time.
        var server = await StartAsync(_directory, stopTimeout: TimeSpan.FromMinutes(5));
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(Cancelled);
        var pid = server.ProcessId;

        await server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2), Cancelled);

        Assert.False(IsAlive(pid));
    }

    [Fact]
    public async Task Without_a_package_and_without_an_installed_server_the_message_says_what_to_do()
    {
        // Major version 7 stands for one that nobody has.
        Directory.CreateDirectory(Path.Combine(_directory, "postgres", "data"));
        await File.WriteAllTextAsync(Path.Combine(_directory, "postgres", "data", "PG_VERSION"), "7\n", Cancelled);

        var refused = await Assert.ThrowsAsync<EmbeddedPostgresException>(() => StartAsync(_directory));

        Assert.Contains("was written by Postgres 7", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_package_an_installed_server_on_the_path_is_used()
    {
        await (await StartAsync(_directory)).DisposeAsync();
        var bin = Directory.GetDirectories(Path.Combine(_directory, "postgres")).Select(d => Path.Combine(d, "bin")).Single(Directory.Exists);
        var path = Environment.GetEnvironmentVariable("PATH");
        var elsewhere = Directory.CreateTempSubdirectory("dashboard-embedded-");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_directory, File.GetUnixFileMode(_directory) | UnixFileMode.OtherExecute);
        try
        {
            Environment.SetEnvironmentVariable("PATH", bin + Path.PathSeparator + path);
            await using var server = await StartAsync(elsewhere.FullName, packages: []);
            Assert.Equal(1, await ExecuteAsync(server, "select 1"));
            Assert.StartsWith(bin, await File.ReadAllTextAsync($"/proc/{server.ProcessId}/cmdline", Cancelled), StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
            elsewhere.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_same_works_as_an_ordinary_user()
    {
        if (Environment.UserName != "root")
            return; // It just did.

        var tests = typeof(EmbeddedPostgresTests).Assembly.Location;
        if ((await RunAsync("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "test", "-r", tests)).ExitCode != 0)
            Assert.Skip("this clone cannot be read by the user nobody: clone it to a directory that others can enter, or run the tests as an ordinary user");

        var (exit, output) = await RunAsync("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet",
            "exec", tests, "--filter-method", $"{typeof(EmbeddedPostgresTests).FullName}.{nameof(Data_survives_an_orderly_stop_and_the_next_start)}",
            "--results-directory", Path.GetTempPath());

        Assert.True(exit == 0, output);
    }

    private static Task<EmbeddedPostgres> StartAsync(string directory, string? command = null, TimeProvider? time = null, string[]? packages = null, TimeSpan? stopTimeout = null) => EmbeddedPostgres.StartAsync(
        new EmbeddedPostgresOptions { Directory = directory, PackageDirectories = packages ?? PostgresPackages.Directories, Durable = false, Command = command, StopTimeout = stopTimeout ?? TimeSpan.FromSeconds(3) },
        time ?? TimeProvider.System, NullLogger.Instance, Cancelled);

    private static async Task<object?> ExecuteAsync(EmbeddedPostgres server, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancelled);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancelled);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        start.Environment["HOME"] = Path.GetTempPath();
        start.Environment["DOTNET_CLI_HOME"] = Path.GetTempPath();
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Cancelled);
        var output = await process.StandardOutput.ReadToEndAsync(Cancelled);
        await process.WaitForExitAsync(Cancelled);
        return (process.ExitCode, output + await error);
    }

    private void ReleaseLock()
    {
        // A new file under the lock's name: the holder keeps the old one, as a dead console would keep nothing.
        File.Delete(Path.Combine(_directory, "console.lock"));
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited && File.ReadAllBytes($"/proc/{pid}/cmdline").Length > 0;
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            return false;
        }
    }

    private static Task Eventually(Func<bool> condition) => Eventually(() => Task.FromResult(condition()));

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                if (await condition())
                    return;
            }
            catch (NpgsqlException)
            {
                // Not yet.
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60), "it did not come to pass within 60 s");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancelled);
        }
    }
}
