using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Postgres;

/// <summary>Writes the position to its file, once a second while it moves and at the end.</summary>
internal sealed partial class PositionKeeper(string path, Func<RegistryPosition> current, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private RegistryPosition? _written;
    private bool _failed;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            do
            {
                Write();
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The writer has ended by now, or soon does; Write is called once more after it.
        }
    }

    /// <summary>Writes the position if it is another than the one written.</summary>
    public void Write()
    {
        var position = current();
        if (ReferenceEquals(position, _written))
            return;
        try
        {
            position.Write(path);
            (_written, _failed) = (position, false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_failed)
                LogFailed(logger, path, e.Message);
            _failed = true;
        }
    }

    [LoggerMessage(21, LogLevel.Warning, "The registry's position cannot be kept in {Path}: {Reason} After a restart of the console a restored database is then not recognised by it")]
    private static partial void LogFailed(ILogger logger, string path, string reason);
}
