using System.Net;
using Dashboard.Core.Discovery;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>
/// Tells the console that is followed what the gateway took and sent. Reports wait in a <see cref="ReportBuffer"/> while no console takes them, each with its age, and are sent oldest
/// first under the sequence they were made with, whichever console takes them: one that has been told already ignores the repeat.
/// </summary>
internal sealed class RemoteUplink(ConsoleClient console, TimeProvider time, ILogger<RemoteUplink> logger) : BackgroundService, IGatewayUplink
{
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(1);
    private readonly Backoff _backoff = new(time, new Random(), Backoff.Longest);
    private long _lostTold;

    public ReportBuffer Reports { get; } = new();

    public async ValueTask<bool> AcknowledgeAsync(string gateway, ServingCatalog catalog, CancellationToken cancellationToken)
    {
        try
        {
            await console.AcknowledgeAsync(gateway, new(catalog.Generation, catalog.Revision), cancellationToken);
            return true;
        }
        catch (HttpRequestException)
        {
            // The watch stream says that the console is away; the follower tries again every second.
            return false;
        }
    }

    public void Report(TrafficReport report, long ended) => Reports.Add(report, ended);

    public void Leave(string gateway)
    {
        // The console sees the watch stream end.
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // The last second's report came after the loop was told to end.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(FarewellPatience);
        try
        {
            while (Reports.Peek() is { } next && await SendAsync(next.Report, next.Ended, patience.Token))
            {
            }
        }
        catch (OperationCanceledException)
        {
            // No console takes it in time.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (Reports.Peek() is not { } next)
                {
                    await Reports.WaitAsync(stoppingToken);
                }
                else if (!await SendAsync(next.Report, next.Ended, stoppingToken))
                {
                    await _backoff.PauseAsync(stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task<bool> SendAsync(TrafficReport report, long ended, CancellationToken cancellationToken)
    {
        var told = true;
        try
        {
            await console.ReportAsync(TrafficReportDocument.From(report with { Age = time.GetElapsedTime(ended) }), cancellationToken);
        }
        catch (HttpRequestException refused) when (refused.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge)
        {
            // It will not be better the next time.
            Log.Refused(logger, report.Sequence, refused.Message, null);
            told = false;
        }
        catch (HttpRequestException)
        {
            return false;
        }

        _backoff.Reset();
        Reports.Remove(report, told);
        if (Reports.LostReports > _lostTold)
        {
            Log.Lost(logger, Reports.LostReports - _lostTold, Reports.LostRequests, null);
            _lostTold = Reports.LostReports;
        }

        return true;
    }

    private static class Log
    {
        public static readonly Action<ILogger, long, string, Exception?> Refused = LoggerMessage.Define<long, string>(
            LogLevel.Warning, new(1, "ReportRefused"), "The console refused the traffic report {Sequence}, which is lost: {Reason}");

        public static readonly Action<ILogger, long, long, Exception?> Lost = LoggerMessage.Define<long, long>(
            LogLevel.Warning, new(2, "ReportsLost"), "{Reports} traffic reports did not fit while no console took them; {Requests} requests since the start are in no report that a console has");
    }
}
