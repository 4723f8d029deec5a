using Dashboard.Core.Registry;
using Microsoft.Extensions.Hosting;

namespace Dashboard.Core.Traffic;

/// <summary>Publishes a traffic frame once a second and forgets what has left.</summary>
internal sealed class TrafficPublisher(TrafficStore store, IRegistry registry, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private const int PruneEvery = 10;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        for (var tick = 1; await WaitAsync(timer, stoppingToken).ConfigureAwait(false); tick++)
        {
            store.PublishFrame();
            if (tick % PruneEvery == 0)
            {
                store.Prune(registry.Current);
            }
        }
    }

    private static async ValueTask<bool> WaitAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
