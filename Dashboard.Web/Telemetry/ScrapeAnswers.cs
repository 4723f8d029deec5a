using Dashboard.Web.Http;

namespace Dashboard.Web.Telemetry;

/// <summary>
/// Sends expositions. A client that does not read keeps a view of the mesh, a megabyte of 10,000 instances, as long as it is let: so only so many are on their way at once, and the oldest is cut for the
/// next. They are written while they are sent, so even many who read and ask at the same moment must fit beside one another.
/// </summary>
internal sealed class ScrapeAnswers(TimeProvider time)
{
    /// <summary>Far more than ever scrape at once on purpose.</summary>
    public const int AtOnce = 64;

    // Closes an exposition in the OpenMetrics format.
    private static readonly byte[] End = "# EOF\n"u8.ToArray();

    private readonly Lock _gate = new();
    private readonly LinkedList<CancellationTokenSource> _sending = [];

    /// <param name="collected">What the metrics library collected.</param>
    /// <param name="view">Whose instances follow it.</param>
    public async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> collected, MeshView view)
    {
        var openMetrics = collected.Span.EndsWith(End);
        if (openMetrics)
            collected = collected[..^End.Length];

        using var cut = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var place = Enter(cut);
        try
        {
            await PacedBody.WriteAsync(context.Response.BodyWriter, collected, time, cut.Token);
            await InstanceSeries.WriteAsync(context.Response.BodyWriter, view, openMetrics, time, cut.Token);
            if (openMetrics)
                await PacedBody.WriteAsync(context.Response.BodyWriter, End, time, cut.Token);
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
