using System.Globalization;
using System.Text;

namespace Dashboard.Core.Postgres.Embedded;

/// <summary>
/// The console's exclusive hold on its data directory: a lock that the system releases with the process, however it ends, in a
/// file that names the holder.
/// </summary>
public sealed class DataDirectoryLock : IDisposable
{
    private const string FileName = "console.lock";
    private readonly FileStream _file;

    private DataDirectoryLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of <paramref name="directory"/>, which must exist.</summary>
    /// <exception cref="EmbeddedPostgresException">Another process holds it; the message names that process.</exception>
    public static DataDirectoryLock Take(string directory, string command, TimeProvider time)
    {
        var path = Path.Combine(directory, FileName);
        FileStream file;
        try
        {
            // FileShare.None is an advisory lock (flock) on Unix: readers that ask for no lock still see who holds it.
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EmbeddedPostgresException($"The data directory {directory} cannot be written to: {e.Message} "
                + "Give it to this user, or choose another one with --Data:Directory=PATH.", e);
        }
        catch (IOException e)
        {
            throw new EmbeddedPostgresException($"The data directory {directory} is in use by {ReadHolder(path)}. "
                + "Stop that process first, or choose another directory with --Data:Directory=PATH.", e);
        }

        try
        {
            var since = time.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
            file.SetLength(0);
            file.Write(Encoding.UTF8.GetBytes($"process {Environment.ProcessId} ({command}), since {since}\n"));
            file.Flush();
            return new DataDirectoryLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Releases the lock. The file stays: deleting it would race with the next holder.</summary>
    public void Dispose()
    {
        try
        {
            _file.SetLength(0);
        }
        catch (IOException)
        {
            // The disk is full or gone; the lock is released all the same.
        }

        _file.Dispose();
    }

    private static string ReadHolder(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            var holder = reader.ReadToEnd().Trim();
            return holder.Length > 0 ? holder : "another process";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
