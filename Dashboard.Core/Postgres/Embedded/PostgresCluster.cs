using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Dashboard.Core.Postgres.Embedded;

/// <summary>One Postgres data directory, and the server on it.</summary>
internal sealed class PostgresCluster
{
    private const string User = "dashboard";
    private const int Port = 5432;
    // sun_path holds 108 bytes with its end on Linux and 104 on macOS; ".s.PGSQL.5432.lock" comes on top of the directory.
    private const int LongestSocketDirectory = 80;
    private const string TemporaryPrefix = "dashboard-pg-";

    private readonly EmbeddedPostgresOptions _options;
    private readonly string _root;
    private readonly string _data;
    private readonly string _log;
    private readonly string _passwordFile;
    private readonly PostgresAccount? _account;
    private readonly PostgresTool _tool;
    private readonly PostgresBinaries _binaries;

    private PostgresCluster(EmbeddedPostgresOptions options, string root, PostgresAccount? account)
    {
        _options = options;
        _root = root;
        _data = Path.Combine(root, "data");
        _log = Path.Combine(root, "log", "postgres.log");
        _passwordFile = Path.Combine(root, "password");
        _account = account;
        _tool = new PostgresTool(account, root);
        _binaries = PostgresBinaries.Find(options.PackageDirectories, root, ReadMajor(_data));
    }

    /// <summary>The version of the server's programs.</summary>
    public string Version => _binaries.Version;

    /// <summary>Where the server's socket lies, once it has been started.</summary>
    public string SocketDirectory { get; private set; } = "";

    /// <summary>The server's own log, which an error quotes.</summary>
    public string LogFile => _log;

    /// <summary>Opens the cluster under the data directory of <paramref name="options"/>, and makes it first when there is none.</summary>
    public static async Task<PostgresCluster> OpenAsync(EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        var account = PostgresAccount.Needed();
        var root = Path.Combine(options.Directory, "postgres");
        Directory.CreateDirectory(root);
        if (account is not null)
            await OpenWayAsync(account, options.Directory, root, cancellationToken);

        var cluster = new PostgresCluster(options, root, account);
        cluster.CreatePrivate(Path.GetDirectoryName(cluster._log)!);
        if (ReadMajor(cluster._data) is null)
            await cluster.InitializeAsync(cancellationToken);
        else if (account is not null)
            cluster.OwnAll(cluster._data);
        return cluster;
    }

    /// <summary>Whether the server is alive.</summary>
    public bool IsRunning => PostmasterFile.Read(_data) is { } file && file.IsRunning(_data);

    /// <summary>The server's process; 0 when it is not running.</summary>
    public int ProcessId => PostmasterFile.Read(_data) is { } file && file.IsRunning(_data) ? file.ProcessId : 0;

    /// <summary>The connection string for <paramref name="database"/>.</summary>
    public string ConnectionString(string database) => ConnectionString(SocketDirectory, _passwordFile, database);

    /// <summary>The connection string of the server that runs under a data directory; null when none does.</summary>
    public static string? FindRunning(string directory, string database)
    {
        var root = Path.Combine(directory, "postgres");
        var data = Path.Combine(root, "data");
        return PostmasterFile.Read(data) is { } file && file.IsRunning(data) ? ConnectionString(file.SocketDirectory, Path.Combine(root, "password"), database) : null;
    }

    /// <summary>Whether there is a cluster, running or not.</summary>
    public static bool Exists(string directory) => File.Exists(Path.Combine(directory, "postgres", "data", "PG_VERSION"));

    private static string ConnectionString(string socketDirectory, string passwordFile, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = socketDirectory,
        Port = Port,
        Username = User,
        Password = File.ReadAllText(passwordFile).Trim(),
        Database = database,
    }.ConnectionString;

    /// <summary>Stops what an earlier console may have left running, and clears away what it left behind.</summary>
    /// <returns>The process that was stopped; 0 when there was none.</returns>
    public async Task<int> StopLeftoverAsync(CancellationToken cancellationToken)
    {
        if (PostmasterFile.Read(_data) is not { } left)
            return 0;

        var running = left.IsRunning(_data);
        if (running)
            await StopAsync(cancellationToken);
        else if (left.IsSomebodyElse(_data))
            PostmasterFile.Delete(_data);
        // Otherwise the file stays: by it Postgres itself sees whether sessions of the dead server still use its memory.
        if (left.SocketDirectory != SocketDirectory)
            DeleteTemporary(left.SocketDirectory);
        return running ? left.ProcessId : 0;
    }

    /// <summary>Starts the server and returns when it accepts connections.</summary>
    /// <exception cref="EmbeddedPostgresException">It did not start; the message ends with its log's last lines.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        RotateLog();
        if (SocketDirectory.Length == 0)
            SocketDirectory = ChooseSocketDirectory();
        CreatePrivate(SocketDirectory);
        WriteSettings();

        // pg_ctl gives the server a session of its own, so Ctrl-C on the terminal reaches the console alone.
        var seconds = Math.Max(1, (int)_options.StartTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var (exit, output) = await _tool.RunAsync(_binaries.Program("pg_ctl"),
            ["start", "-D", _data, "-l", _log, "-s", "-w", "-t", seconds], cancellationToken);
        if (exit != 0)
            throw new EmbeddedPostgresException($"The embedded Postgres did not start in {_data}: {output.Trim()}\n{LastLogLines()}");
    }

    /// <summary>
    /// Stops the server: in an orderly way within the options' time, otherwise at once (the next start then recovers; nothing that
    /// was committed is lost).
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!IsRunning)
            return;

        var seconds = Math.Max(1, (int)_options.StopTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var (exit, _) = await _tool.RunAsync(_binaries.Program("pg_ctl"), ["stop", "-D", _data, "-m", "fast", "-s", "-w", "-t", seconds], cancellationToken);
        if (exit != 0 && IsRunning)
            await _tool.RunAsync(_binaries.Program("pg_ctl"), ["stop", "-D", _data, "-m", "immediate", "-s", "-w", "-t", "1"], cancellationToken);
    }

    /// <summary>Removes the socket's directory where it is a temporary one.</summary>
    public void DeleteSocketDirectory() => DeleteTemporary(SocketDirectory);

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        // Built beside its final place and renamed, so a start that was cut short leaves no half of a cluster.
        var partial = _data + ".new";
        if (Directory.Exists(partial))
            Directory.Delete(partial, recursive: true);
        if (Directory.Exists(_data))
            Directory.Delete(_data, recursive: false);
        CreatePrivate(partial);

        var password = RandomNumberGenerator.GetHexString(48, lowercase: true);
        WritePassword(_passwordFile, password);
        var forInit = Path.Combine(_root, "log", "initdb-password");
        WritePassword(forInit, password);
        _account?.Own(forInit);
        try
        {
            List<string> arguments = ["-D", partial, "-U", User, "-A", "scram-sha-256", "--pwfile", forInit, "-E", "UTF8", "--locale=C"];
            if (!_options.Durable)
                arguments.Add("--no-sync");
            var (exit, output) = await _tool.RunAsync(_binaries.Program("initdb"), arguments, cancellationToken);
            if (exit != 0)
                throw new EmbeddedPostgresException($"Postgres {_binaries.Version} could not make its data directory {partial}:\n{output}");
        }
        finally
        {
            File.Delete(forInit);
        }

        Directory.Move(partial, _data);
    }

    private void WriteSettings()
    {
        const string include = "include_if_exists = 'dashboard.conf'";
        var main = Path.Combine(_data, "postgresql.conf");
        if (!File.ReadAllText(main).Contains(include, StringComparison.Ordinal))
            File.AppendAllText(main, $"\n# Written anew at every start of the console:\n{include}\n");

        var settings = new StringBuilder("# Written anew at every start of the console: changes here are lost.\n");
        // Only a socket in a directory that nobody else can enter: the server cannot be reached over any network.
        settings.Append("listen_addresses = ''\n");
        settings.Append(CultureInfo.InvariantCulture, $"port = {Port}\n");
        settings.Append(CultureInfo.InvariantCulture, $"unix_socket_directories = '{SocketDirectory.Replace("'", "''", StringComparison.Ordinal)}'\n");
        settings.Append("max_connections = 100\nlog_checkpoints = off\nlog_line_prefix = '%m [%p] '\n");
        if (!_options.Durable)
            settings.Append("fsync = off\nfull_page_writes = off\n");

        var file = Path.Combine(_data, "dashboard.conf");
        File.WriteAllText(file, settings.ToString());
        _account?.Own(file);
    }

    private string ChooseSocketDirectory()
    {
        var near = Path.Combine(_root, "run");
        if (Encoding.UTF8.GetByteCount(near) <= LongestSocketDirectory && !near.Contains(',', StringComparison.Ordinal))
            return near;

        var temporary = Path.GetTempPath();
        if (Encoding.UTF8.GetByteCount(temporary) > LongestSocketDirectory - TemporaryPrefix.Length - 8)
            temporary = "/tmp";
        string directory;
        do
        {
            directory = Path.Combine(temporary, TemporaryPrefix + RandomNumberGenerator.GetHexString(8, lowercase: true));
        }
        while (Path.Exists(directory));
        return directory;
    }

    private static void DeleteTemporary(string socketDirectory)
    {
        if (!Path.GetFileName(socketDirectory).StartsWith(TemporaryPrefix, StringComparison.Ordinal))
            return;
        try
        {
            Directory.Delete(socketDirectory, recursive: true);
        }
        catch (IOException)
        {
            // Already gone.
        }
    }

    private void RotateLog()
    {
        const long largest = 10 * 1024 * 1024;
        if (File.Exists(_log) && new FileInfo(_log).Length > largest)
            File.Move(_log, _log + ".old", overwrite: true);
    }

    private string LastLogLines()
    {
        try
        {
            return string.Join('\n', File.ReadLines(_log).TakeLast(10)) + $"\n(whole log: {_log})";
        }
        catch (IOException)
        {
            return $"(no log in {_log})";
        }
    }

    private void CreatePrivate(string directory)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _account?.Own(directory);
    }

    private void OwnAll(string directory)
    {
        _account!.Own(directory);
        foreach (var entry in Directory.EnumerateFileSystemEntries(directory, "*",
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false }))
        {
            _account.Own(entry);
        }
    }

    private static void WritePassword(string path, string password)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(path, options);
        writer.WriteLine(password);
    }

    private static int? ReadMajor(string data)
    {
        var file = Path.Combine(data, "PG_VERSION");
        return File.Exists(file) && int.TryParse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture, out var major) ? major : null;
    }

    /// <summary>The account must be able to pass through every directory above its own.</summary>
    private static async Task OpenWayAsync(PostgresAccount account, string directory, string root, CancellationToken cancellationToken)
    {
        const UnixFileMode pass = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        if (!OperatingSystem.IsWindows())
        {
            // Passing through shows nothing: what is in there keeps modes of its own.
            File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | pass);
            File.SetUnixFileMode(root, File.GetUnixFileMode(root) | pass);
        }

        var tool = new PostgresTool(account, "/");
        for (var at = root; at is not null; at = Path.GetDirectoryName(at))
        {
            var parent = Path.GetDirectoryName(at);
            if ((await tool.RunAsync("/bin/sh", ["-c", "cd \"$1\"", "sh", at], cancellationToken)).ExitCode == 0)
                return;
            if (parent is not null && (await tool.RunAsync("/bin/sh", ["-c", "cd \"$1\"", "sh", parent], cancellationToken)).ExitCode == 0)
            {
                throw new EmbeddedPostgresException($"Postgres does not run as root, and the account {account.Name} that runs it cannot pass through {at} to the "
                    + $"data directory {directory}. Choose another with --Data:Directory=PATH, or let it pass: chmod o+x {at}");
            }
        }
    }
}
