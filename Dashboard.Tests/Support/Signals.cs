using System.Runtime.InteropServices;

namespace Dashboard.Tests.Support;

/// <summary>Signals to processes that a test started.</summary>
internal static class Signals
{
    private const int Killed = 9;
    private const int Continued = 18;
    private const int Stopped = 19;

    /// <summary>kill -9.</summary>
    public static void Kill(int process) => Send(process, Killed);

    /// <summary>The process stands still until <see cref="Continue"/>.</summary>
    public static void Pause(int process) => Send(process, Stopped);

    public static void Continue(int process) => Send(process, Continued);

    private static void Send(int process, int signal)
    {
        // 0 would be the test's own group.
        ArgumentOutOfRangeException.ThrowIfLessThan(process, 2);
        _ = SendSignal(process, signal);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int process, int signal);
}
