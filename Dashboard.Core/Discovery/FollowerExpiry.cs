using Microsoft.Extensions.Hosting;

namespace Dashboard.Core.Discovery;

/// <summary>Notices followers that did not come back.</summary>
internal sealed class FollowerExpiry(FollowerTable followers, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            followers.Expire();
    }
}
