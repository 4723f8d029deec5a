using Microsoft.AspNetCore.SignalR;

namespace Dashboard.Web.Live;

/// <summary>
/// One connection. At most one write is in flight; a frame that arrives meanwhile is not queued: after the write the viewer takes what it missed from the stream, or
/// a full frame where that is no longer kept. So one that reads slowly gets fewer, whole frames, and one that does not read costs one frame of memory and nobody else anything.
/// </summary>
internal sealed class LiveViewer(HubConnectionContext connection, TimeProvider time)
{
    public const int MaximumServices = 64;

    public static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(10);

    // Taken before a stream's lock, never under it.
    private readonly Lock _gate = new();
    private readonly Dictionary<LiveStream, LiveSubscription> _subscriptions = [];
    private long _writingSince;
    private bool _writing;
    private bool _closed;

    /// <summary>Starts or renews a subscription: the next frame it gets is a full one, sent by <see cref="SendPending"/>. False when the viewer has too many or is gone.</summary>
    public bool Subscribe(LiveStream stream)
    {
        lock (_gate)
        {
            if (_closed || (!_subscriptions.ContainsKey(stream) && _subscriptions.Count > MaximumServices))
            {
                return false;
            }

            if (_subscriptions.TryGetValue(stream, out var held))
            {
                held.NeedsFull = true;
            }
            else
            {
                _subscriptions.Add(stream, stream.Add(this));
            }

            return true;
        }
    }

    /// <summary>Sends what is due, unless a write is in flight, which will. Never waits.</summary>
    public void SendPending()
    {
        if (NextDue(afterWrite: false) is { } frame)
        {
            _ = WriteAsync(frame);
        }
    }

    public void Unsubscribe(LiveStream stream)
    {
        lock (_gate)
        {
            if (_subscriptions.Remove(stream, out var held))
            {
                stream.Remove(held);
            }
        }
    }

    /// <summary>Ends every subscription.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var (stream, held) in _subscriptions)
            {
                stream.Remove(held);
            }

            _subscriptions.Clear();
        }
    }

    /// <summary>A frame of a stream that this viewer follows. Never waits.</summary>
    public void Offer(LiveSubscription subscription, LiveFrame frame)
    {
        lock (_gate)
        {
            // A full frame may have overtaken this one.
            if (_closed || (!subscription.NeedsFull && frame.Sequence <= subscription.Sent))
            {
                return;
            }

            if (_writing)
            {
                return;
            }

            frame = Due(subscription) ?? frame;
            Begin(subscription, frame);
        }

        _ = WriteAsync(frame);
    }

    /// <summary>Ends the connection when its write has been stuck for too long.</summary>
    public bool AbortIfStuck()
    {
        lock (_gate)
        {
            if (!_writing || _closed || time.GetElapsedTime(_writingSince) < StuckAfter)
            {
                return false;
            }
        }

        connection.Abort();
        return true;
    }

    private async Task WriteAsync(LiveFrame? frame)
    {
        try
        {
            while (frame is not null)
            {
                // Completes at once unless the connection's buffers are full.
                await connection.WriteAsync(frame.Message, connection.ConnectionAborted).ConfigureAwait(false);
                frame = NextDue(afterWrite: true);
            }
        }
        catch (OperationCanceledException)
        {
            // The connection has ended; its end closes the viewer.
        }
    }

    private LiveFrame? NextDue(bool afterWrite)
    {
        lock (_gate)
        {
            if (_writing && !afterWrite)
            {
                return null;
            }

            _writing = false;
            if (_closed)
            {
                return null;
            }

            foreach (var subscription in _subscriptions.Values)
            {
                if (Due(subscription) is { } frame)
                {
                    Begin(subscription, frame);
                    return frame;
                }
            }

            return null;
        }
    }

    private static LiveFrame? Due(LiveSubscription subscription)
    {
        if (!subscription.NeedsFull)
        {
            var next = subscription.Stream.After(subscription.Sent, out var newest);
            if (next is not null || newest == subscription.Sent)
            {
                return next;
            }
        }

        return subscription.Stream.FullFrame();
    }

    private void Begin(LiveSubscription subscription, LiveFrame frame)
    {
        subscription.NeedsFull = false;
        subscription.Sent = frame.Sequence;
        _writing = true;
        _writingSince = time.GetTimestamp();
    }
}
