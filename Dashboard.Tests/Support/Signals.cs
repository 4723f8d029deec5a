using System.Runtime.InteropServices;

namespace Dashboard.Tests.Support;

/// <summary>Signals to processes that a test started.</summary>
internal static class Signals
{
    private const int Killed = 9;
    private const int Continued = 18;
    private const int Stopped = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>kill -9.</summary>
    public static void Kill(int process) => Send(process, Killed);

    /// <summary>
    /// The process stands still until <see cref="Continue"/>. One of its threads has to take the signal before the others stop, and on a busy machine that one waits for its turn: returns when all
    /// stand still.
    /// </summary>
    public static void Pause(int process)
    {
        Send(process, Stopped);
        if (OperatingSystem.IsLinux() && !SpinWait.SpinUntil(() => Directory.GetDirectories($"/proc/{process}/task").All(StandsStill), Patience))
            throw new TimeoutException($"Process {process} does not stand still.");
    }

    public static void Continue(int process) => Send(process, Continued);

    // The state follows the name, which may hold anything: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    private static bool StandsStill(string thread)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(thread, "stat"));
            return stat[stat.LastIndexOf(')') + 2] is 'T' or 'Z' or 'X';
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return true;
        }
    }

    private static void Send(int process, int signal)
    {
        // 0 would be the test's own group.
        ArgumentOutOfRangeException.ThrowIfLessThan(process, 2);
        _ = SendSignal(process, signal);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int process, int signal);
}
