using System.Threading.Channels;

namespace Dashboard.Core.Feeds;

/// <summary>One reader's place in a <see cref="Feed{TState, TChange}"/>: a state to start from and the changes since.</summary>
public sealed class FeedSubscription<TState, TChange> : IDisposable
    where TState : class
{
    private readonly Feed<TState, TChange> _feed;
    private readonly Channel<TChange> _changes;
    private int _end;

    internal FeedSubscription(Feed<TState, TChange> feed, TState start, int capacity)
    {
        _feed = feed;
        Start = start;
        _changes = Channel.CreateBounded<TChange>(new BoundedChannelOptions(capacity) { SingleReader = true });
    }

    /// <summary>The state to which the first change applies.</summary>
    public TState Start { get; }

    /// <summary>Why the subscription ended, or <see cref="FeedEnd.None"/> while it is open.</summary>
    public FeedEnd End => (FeedEnd)Volatile.Read(ref _end);

    /// <summary>The changes in order. Completes when the subscription ends; <see cref="End"/> then tells why. What was queued before the end is still read.</summary>
    public IAsyncEnumerable<TChange> ReadAllAsync(CancellationToken cancellationToken) => _changes.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Takes the next change if one waits.</summary>
    public bool TryRead(out TChange? change) => _changes.Reader.TryRead(out change);

    /// <summary>Waits until a change can be read; false when the subscription has ended.</summary>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken) => _changes.Reader.WaitToReadAsync(cancellationToken);

    public void Dispose()
    {
        _feed.Remove(this);
        Finish(FeedEnd.Disposed);
    }

    internal bool TryOffer(TChange change)
    {
        if (_changes.Writer.TryWrite(change))
        {
            return true;
        }

        Finish(FeedEnd.Overflow);
        return false;
    }

    internal void Finish(FeedEnd end)
    {
        if (Interlocked.CompareExchange(ref _end, (int)end, (int)FeedEnd.None) == (int)FeedEnd.None)
        {
            _changes.Writer.TryComplete();
        }
    }
}
