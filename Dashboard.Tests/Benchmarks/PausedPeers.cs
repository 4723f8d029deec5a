using System.Globalization;
using System.Runtime.InteropServices;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// Holds up the processes that are not measured, with their children, so that what they do of their own accord (Consul's raft, Postgres' writers, a console's timers) is not taken from
/// whoever is. They go on when this is disposed.
/// </summary>
internal sealed class PausedPeers : IDisposable
{
    private static readonly int Stop = OperatingSystem.IsMacOS() ? 17 : 19;
    private static readonly int Continue = OperatingSystem.IsMacOS() ? 19 : 18;

    // What one that went on does first is over by then.
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(500);

    private readonly List<int> _stopped = [];

    private PausedPeers()
    {
    }

    /// <summary>Stops them, and waits until those that were held up before have settled.</summary>
    public static async Task<PausedPeers> StopAsync(CancellationToken cancellationToken, params IEnumerable<int> processes)
    {
        var paused = new PausedPeers();
        try
        {
            foreach (var process in processes)
                paused.Add(process);
            await Task.Delay(Settled, TimeProvider.System, cancellationToken);
            return paused;
        }
        catch
        {
            paused.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        for (var i = _stopped.Count - 1; i >= 0; i--)
            _ = SendSignal(_stopped[i], Continue);
        _stopped.Clear();
    }

    // The parent first: it then starts no more children.
    private void Add(int process)
    {
        Signal(process);
        foreach (var child in Figures.Processes().Where(known => known.Parent == process))
            Signal(child.Id);
    }

    private void Signal(int process)
    {
        if (SendSignal(process, Stop) == 0)
            _stopped.Add(process);
        else if (Figures.Processes().Any(known => known.Id == process))
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Process {process} could not be stopped: error {Marshal.GetLastPInvokeError()}."));
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int process, int signal);
}
