using System.Globalization;

namespace Dashboard.Core.Postgres.Embedded;

/// <summary>
/// The console's exclusive hold on its data directory: a lock that the system releases with the process, however it ends, and
/// a file beside it that names the holder (a locked file cannot be read).
/// </summary>
public sealed class DataDirectoryLock : IDisposable
{
    private const string LockName = "console.lock";
    private const string HolderName = "console.holder";
    private readonly FileStream _file;

    private DataDirectoryLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of <paramref name="directory"/>, which must exist.</summary>
    /// <exception cref="EmbeddedPostgresException">Another process holds it; the message names that process.</exception>
    public static DataDirectoryLock Take(string directory, string command, TimeProvider time)
    {
        var path = Path.Combine(directory, LockName);
        FileStream file;
        try
        {
            // FileShare.None is an advisory lock (flock) on Unix.
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EmbeddedPostgresException($"The data directory {directory} cannot be written to: {e.Message} "
                + "Give it to this user, or choose another one with --Data:Directory=PATH.", e);
        }
        catch (IOException e)
        {
            throw new EmbeddedPostgresException($"The data directory {directory} is in use by {ReadHolder(directory)}. "
                + "Stop that process first, or choose another directory with --Data:Directory=PATH.", e);
        }

        try
        {
            var since = time.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
            File.WriteAllText(Path.Combine(directory, HolderName), $"process {Environment.ProcessId} ({command}), since {since}\n");
            return new DataDirectoryLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A command line in words that anybody may read: the program and the names of its settings. A value may be a token.</summary>
    /// <param name="arguments">The program first.</param>
    public static string Describe(IReadOnlyList<string> arguments) =>
        string.Join(' ', arguments.Select((argument, place) => place == 0 ? Path.GetFileName(argument) : argument.StartsWith("--", StringComparison.Ordinal) ? argument.Split('=', 2)[0] : "…"));

    /// <summary>Releases the lock. The files stay: deleting them would race with the next holder.</summary>
    public void Dispose() => _file.Dispose();

    private static string ReadHolder(string directory)
    {
        try
        {
            var holder = File.ReadAllText(Path.Combine(directory, HolderName)).Trim();
            return holder.Length > 0 ? holder : "another process";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
