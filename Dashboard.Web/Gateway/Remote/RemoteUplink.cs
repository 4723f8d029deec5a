using System.Net;
using System.Threading.Channels;
using Dashboard.Core.Discovery;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>
/// Tells a remote console what the gateway took and sent. Reports wait in a bounded queue while the console is away, each with its age; the oldest are dropped and
/// counted, and the sequence tells the console that some are missing.
/// </summary>
internal sealed class RemoteUplink : BackgroundService, IGatewayUplink
{
    private const int WaitingReports = 60;
    private readonly ConsoleClient _console;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly Channel<(TrafficReport Report, long Ended)> _reports;
    private long _dropped;

    public RemoteUplink(ConsoleClient console, TimeProvider time)
    {
        _console = console;
        _time = time;
        _backoff = new(time, new Random());
        _reports = Channel.CreateBounded<(TrafficReport, long)>(
            new BoundedChannelOptions(WaitingReports) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref _dropped));
    }

    /// <summary>Reports that were dropped because the console was away for too long.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public async ValueTask<bool> AcknowledgeAsync(string gateway, ServingCatalog catalog, CancellationToken cancellationToken)
    {
        try
        {
            await _console.AcknowledgeAsync(gateway, new(catalog.Generation, catalog.Revision), cancellationToken);
            return true;
        }
        catch (HttpRequestException)
        {
            // The watch stream says that the console is away; the follower tries again every second.
            return false;
        }
    }

    public void Report(TrafficReport report, long ended) => _reports.Writer.TryWrite((report, ended));

    public void Leave(string gateway)
    {
        // The console sees the watch stream end.
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var (report, ended) in _reports.Reader.ReadAllAsync(stoppingToken))
            {
                await SendAsync(report, ended, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task SendAsync(TrafficReport report, long ended, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await _console.ReportAsync(TrafficReportDocument.From(report with { Age = _time.GetElapsedTime(ended) }), stoppingToken);
                _backoff.Reset();
                return;
            }
            catch (HttpRequestException exception) when (exception.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge)
            {
                // It will not be better the next time.
                return;
            }
            catch (HttpRequestException)
            {
                await _backoff.PauseAsync(stoppingToken);
            }
        }
    }
}
