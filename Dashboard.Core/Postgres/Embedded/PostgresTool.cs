using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Dashboard.Core.Postgres.Embedded;

/// <summary>Runs the short-lived programs around the server (initdb, pg_ctl), as the server's account.</summary>
internal sealed class PostgresTool(PostgresAccount? account, string workingDirectory)
{
    private const int DiedOfInterrupt = 128 + 2;
    private const int DiedOfTermination = 128 + 15;

    /// <summary>Runs <paramref name="program"/> to its end. Cancelled, it is killed before this throws.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled, here or by a signal of its own.</exception>
    /// <returns>The exit code with everything it printed.</returns>
    public async Task<(int ExitCode, string Output)> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo
        {
            // The caller's own directory may be closed to the account, and initdb wants to know where it is.
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C";

        if (account is null)
        {
            start.FileName = program;
        }
        else
        {
            start.FileName = "setpriv";
            start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--reuid={account.UserId}"));
            start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--regid={account.GroupId}"));
            start.ArgumentList.Add("--clear-groups");
            start.ArgumentList.Add(program);
        }

        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);

        using var process = new Process { StartInfo = start };
        var lines = new ConcurrentQueue<string>();
        process.OutputDataReceived += (_, e) => Keep(lines, e.Data);
        process.ErrorDataReceived += (_, e) => Keep(lines, e.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception e) when (account is not null)
        {
            throw new EmbeddedPostgresException("Postgres does not run as root, and the program setpriv (package util-linux) that starts it as "
                + $"{account.Name} cannot be run: {e.Message}. Install it, start the console as an ordinary user, or set ConnectionStrings:Registry.", e);
        }
        catch (Win32Exception e)
        {
            throw new EmbeddedPostgresException($"{program} cannot be run: {e.Message}.", e);
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        // Ctrl-C reaches every program on the terminal, and this one may die of it before the console has noticed.
        if (process.ExitCode is DiedOfInterrupt or DiedOfTermination)
            throw new OperationCanceledException($"{Path.GetFileName(program)} was interrupted.", cancellationToken);
        return (process.ExitCode, string.Join('\n', lines));
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null && lines.Count < 200)
            lines.Enqueue(line);
    }
}
