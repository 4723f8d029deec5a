using Dashboard.Web.Http;

namespace Dashboard.Web.Telemetry;

/// <summary>
/// Sends finished expositions. One of a large mesh has megabytes, and a client that does not read keeps its own as long as it is let: so only a few are on their way at once, and the oldest
/// is cut for the next. Whoever reads is done long before that.
/// </summary>
internal sealed class ScrapeAnswers(TimeProvider time)
{
    /// <summary>A pair of Prometheus servers and whoever looks by hand.</summary>
    public const int AtOnce = 6;

    private readonly Lock _gate = new();
    private readonly LinkedList<CancellationTokenSource> _sending = [];

    public async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> exposition)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var place = Enter(cut);
        try
        {
            context.Response.ContentLength = exposition.Length;
            await PacedBody.WriteAsync(context.Response.BodyWriter, exposition, time, cut.Token);
        }
        catch (Exception slow) when (slow is TimeoutException or OperationCanceledException)
        {
            context.Abort();
        }
        finally
        {
            lock (_gate)
            {
                if (place.List is not null)
                    _sending.Remove(place);
            }
        }
    }

    private LinkedListNode<CancellationTokenSource> Enter(CancellationTokenSource cut)
    {
        lock (_gate)
        {
            if (_sending.Count >= AtOnce && _sending.First is { } oldest)
            {
                _sending.Remove(oldest);
                // Not at once: nothing is run under the lock.
                oldest.Value.CancelAfter(TimeSpan.Zero);
            }

            return _sending.AddLast(cut);
        }
    }
}
