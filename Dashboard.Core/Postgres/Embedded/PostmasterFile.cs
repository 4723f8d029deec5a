using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Dashboard.Core.Postgres.Embedded;

/// <summary>What a running server writes about itself into <c>postmaster.pid</c> of its data directory.</summary>
/// <param name="ProcessId">The server's process.</param>
/// <param name="SocketDirectory">Where its socket lies; empty when it listens on TCP alone.</param>
internal sealed record PostmasterFile(int ProcessId, string SocketDirectory)
{
    /// <summary>Reads the file of <paramref name="dataDirectory"/>; null when there is none or it is not whole.</summary>
    public static PostmasterFile? Read(string dataDirectory)
    {
        try
        {
            // One line each: process, data directory, start time, port, socket directory, listen address, shared memory, status.
            var lines = File.ReadAllLines(PathIn(dataDirectory));
            return lines.Length > 0 && int.TryParse(lines[0], CultureInfo.InvariantCulture, out var pid)
                ? new PostmasterFile(pid, lines.Length > 4 ? lines[4].Trim() : "")
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Removes the file of a server that is long gone.</summary>
    public static void Delete(string dataDirectory) => File.Delete(PathIn(dataDirectory));

    /// <summary>
    /// Whether the process still is a server on <paramref name="dataDirectory"/>. After a reboot, and in a container always, the
    /// number may long belong to somebody else, whom nobody wants to stop.
    /// </summary>
    public bool IsRunning(string dataDirectory)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                // A zombie has an empty command line.
                var arguments = Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{ProcessId}/cmdline")).Split('\0');
                return Path.GetFileName(arguments[0]) == "postgres" && arguments.Contains(dataDirectory);
            }

            using var process = Process.GetProcessById(ProcessId);
            return process.ProcessName.StartsWith("postgres", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Whether the process' number now belongs to a live process that is no server on <paramref name="dataDirectory"/>.</summary>
    public bool IsSomebodyElse(string dataDirectory)
    {
        if (IsRunning(dataDirectory))
            return false;

        try
        {
            using var process = Process.GetProcessById(ProcessId);
            return !process.HasExited;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    private static string PathIn(string dataDirectory) => Path.Combine(dataDirectory, "postmaster.pid");
}
