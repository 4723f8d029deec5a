using Dashboard.Core.Discovery;
using Dashboard.Core.Feeds;

namespace Dashboard.Web.Gateway;

/// <summary>Acknowledges each catalog once requests are forwarded by it, and reports once a second what was sent.</summary>
internal sealed class GatewayFollower(GatewayTables tables, IServingSource source, IGatewayUplink uplink, TimeProvider time)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    // A catalog that comes alone is taken at once; in a flood of them only the newest of so long a time.
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(20);
    private const double Share = 0.02;

    private readonly Guid _session = Guid.NewGuid();
    private ServingCatalog _acknowledged = ServingCatalog.Empty;
    private long _sequence;
    private long _collected = time.GetTimestamp();

    public async Task RunAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(AcknowledgeAsync(id, cancellationToken), ReportAsync(id, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            Report(id);
            uplink.Leave(id);
        }
    }

    // Only the newest matters: what came before is folded into it.
    private Task AcknowledgeAsync(string id, CancellationToken cancellationToken) => source.Feed.FollowTogetherAsync(
        _ => AcknowledgeNewestAsync(id, cancellationToken),
        _ => AcknowledgeNewestAsync(id, cancellationToken),
        new StepPace(Gap, Share),
        cancellationToken,
        capacity: 256);

    private async Task ReportAsync(string id, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            Report(id);
            await AcknowledgeNewestAsync(id, cancellationToken);
        }
    }

    private async ValueTask AcknowledgeNewestAsync(string id, CancellationToken cancellationToken)
    {
        var taken = tables.Taken;
        if (!ReferenceEquals(taken, Volatile.Read(ref _acknowledged)) && taken.Generation != Guid.Empty && await uplink.AcknowledgeAsync(id, taken, cancellationToken))
        {
            Volatile.Write(ref _acknowledged, taken);
        }
    }

    private void Report(string id)
    {
        var now = time.GetTimestamp();
        var (rows, open) = tables.Collect();
        uplink.Report(
            new() { Reporter = id, Session = _session, Sequence = ++_sequence, Period = time.GetElapsedTime(_collected, now), Rows = rows, InFlight = open },
            now);
        _collected = now;
    }
}
