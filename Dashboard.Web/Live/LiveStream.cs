using System.Collections.Immutable;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Dashboard.Web.Live;

/// <summary>
/// One sequence of frames and who views it. Written by the publisher alone; viewers come and go on any thread. The full frame is made when a viewer
/// needs it, once for each place in the sequence, from the same state as the delta of that place.
/// </summary>
internal abstract class LiveStream
{
    // A viewer whose write took longer than a frame's interval goes on with the deltas that it missed, from here: one for all. Only who is further behind gets a full
    // frame: where all viewers are slow at once, full frames for each would keep them so.
    private const int KeptFrames = 8;

    // After so many viewers the connections get their turn: what they have sent goes back to the pool of buffers for the next. Offered to all at once, a frame empties that pool, and every buffer beyond it is garbage.
    private const int Burst = 32;

    // Guards state, sequence and viewers as one. Leaf lock: nothing is awaited, and no viewer is called, under it.
    private readonly Lock _gate = new();
    private ImmutableArray<LiveSubscription> _subscriptions = [];
    private readonly LiveFrame?[] _recent = new LiveFrame?[KeptFrames];
    private LiveFrame? _full;
    private long _sequence;

    /// <summary>The client's method that takes the frames.</summary>
    protected abstract string Method { get; }

    public bool IsViewed => !_subscriptions.IsEmpty;

    public LiveSubscription Add(LiveViewer viewer)
    {
        var subscription = new LiveSubscription(this, viewer);
        lock (_gate)
        {
            _subscriptions = _subscriptions.Add(subscription);
        }

        return subscription;
    }

    public void Remove(LiveSubscription subscription)
    {
        lock (_gate)
        {
            _subscriptions = _subscriptions.Remove(subscription);
        }
    }

    /// <summary>Everything as of now.</summary>
    public LiveFrame FullFrame()
    {
        lock (_gate)
        {
            return _full ??= Encode(MakeFull(_sequence));
        }
    }

    /// <summary>The frame that follows a place in the sequence; null where there is none yet, or where it is no longer kept.</summary>
    /// <param name="newest">The newest place.</param>
    public LiveFrame? After(long sequence, out long newest)
    {
        lock (_gate)
        {
            newest = _sequence;
            var kept = _recent[(sequence + 1) % KeptFrames];
            return kept?.Sequence == sequence + 1 ? kept : null;
        }
    }

    /// <summary>Takes a step and sends what it changed to every viewer. The step runs under the stream's lock and returns the delta, or null to send nothing.</summary>
    protected async Task PublishAsync(Func<long, object?> step)
    {
        LiveFrame frame;
        ImmutableArray<LiveSubscription> subscriptions;
        lock (_gate)
        {
            var delta = step(_sequence + 1);
            // The state may have moved even where there is nothing to send.
            _full = null;
            if (delta is null)
            {
                return;
            }

            frame = Encode(delta, ++_sequence);
            _recent[_sequence % KeptFrames] = frame;
            subscriptions = _subscriptions;
        }

        for (var offered = 0; offered < subscriptions.Length; offered++)
        {
            if (offered % Burst == Burst - 1)
            {
                await Task.Yield();
            }

            subscriptions[offered].Viewer.Offer(subscriptions[offered], frame);
        }
    }

    /// <summary>The state as a full frame. Runs under the stream's lock.</summary>
    protected abstract object MakeFull(long sequence);

    private LiveFrame Encode(object frame) => Encode(frame, _sequence);

    private LiveFrame Encode(object frame, long sequence) => new(sequence, new SerializedHubMessage(new InvocationMessage(Method, [frame])));
}
