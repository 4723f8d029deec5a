using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Discovery;

/// <summary>Keeps on disk what followers were told last: every few seconds, and at once when the registry that it came from is lost.</summary>
internal sealed partial class ServingCatalogKeeper(RegistryServingSource source, ServingCatalogFile file, TimeProvider time, ILogger<ServingCatalogKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    // Guards what follows, and the file.
    private readonly Lock _gate = new();
    private ServingCatalog? _written;
    private bool _failed;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        source.BeganToWithhold -= Write;
        Write();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        source.BeganToWithhold += Write;
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            Write();
    }

    private void Write()
    {
        var catalog = source.Feed.Current;
        lock (_gate)
        {
            if (catalog.Generation == Guid.Empty || ReferenceEquals(catalog, _written))
                return;
            try
            {
                file.Write(catalog);
                (_written, _failed) = (catalog, false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (!_failed)
                    LogFailed(e.Message);
                _failed = true;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "What followers were told cannot be kept on disk: {Reason} Should the database be lost, a restarted console cannot go on telling it")]
    private partial void LogFailed(string reason);
}
