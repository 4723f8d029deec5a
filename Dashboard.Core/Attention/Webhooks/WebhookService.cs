using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Attention.Webhooks;

/// <summary>Runs a sender for each webhook; one that cannot be reached holds up no other.</summary>
internal sealed class WebhookService(
    AttentionOptions options,
    AttentionBoard alerts,
    WebhookBoard board,
    AttentionDuty duty,
    INoticeStore store,
    AttentionMetrics metrics,
    ConsoleAddress console,
    TimeProvider time,
    ILogger<WebhookService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Webhooks.IsEmpty)
            return;

        // Not before the addresses are known that this console listens on.
        await Task.Yield();
        using var client = new HttpClient(new SocketsHttpHandler
        {
            // A redirect would carry the token elsewhere.
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxConnectionsPerServer = 2,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        await Task.WhenAll(options.Webhooks.Select((webhook, index) => new WebhookSender(
            index, webhook, alerts, board, duty, store, metrics, client, () => options.ConsoleUrl ?? console.Url, new Random(), time, logger).RunAsync(stoppingToken))).ConfigureAwait(false);
    }
}

/// <summary>Where this console is reached, for links in what webhooks are told.</summary>
public sealed class ConsoleAddress(Func<Uri> url)
{
    public Uri Url => url();
}
