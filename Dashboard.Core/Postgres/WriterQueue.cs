using System.Threading.Channels;

namespace Dashboard.Core.Postgres;

/// <summary>What waits for the writer's loop: commands in the order they came, and the wish to look at the head. Anyone adds, the loop alone takes.</summary>
internal sealed class WriterQueue(PostgresRegistryOptions options)
{
    // Null stands for a look at the head.
    private readonly Channel<PendingCommand?> _waiting = Channel.CreateBounded<PendingCommand?>(new BoundedChannelOptions(options.QueueCapacity) { SingleReader = true });
    private int _lookQueued;
    private volatile bool _complete;

    /// <summary>How many may wait.</summary>
    public int Capacity => options.QueueCapacity;

    /// <summary>How many wait.</summary>
    public int Count => _waiting.Reader.Count;

    /// <summary>Nothing more is taken, see <see cref="Complete"/>.</summary>
    public bool IsComplete => _complete;

    /// <returns>False: it is full or complete.</returns>
    public bool TryAdd(PendingCommand pending) => _waiting.Writer.TryWrite(pending);

    /// <summary>Adds the wish to look at the head; one at a time is enough.</summary>
    public void AddLook()
    {
        if (Interlocked.Exchange(ref _lookQueued, 1) == 0 && !_waiting.Writer.TryWrite(null))
            Volatile.Write(ref _lookQueued, 0);
    }

    /// <summary>Takes no more; what waits can still be taken.</summary>
    public void Complete()
    {
        _complete = true;
        _waiting.Writer.TryComplete();
    }

    /// <summary>Waits until there is something to take; false when there never will be.</summary>
    public ValueTask<bool> WaitAsync() => _waiting.Reader.WaitToReadAsync();

    /// <summary>Moves what waits to a turn, as far as its batch has room.</summary>
    public WriterTurn Take(WriterTurn turn)
    {
        while (turn.Batch.Count < options.BatchLimit && _waiting.Reader.TryRead(out var pending))
        {
            if (pending is not null)
                turn.Batch.Add(pending);
            else
                turn.Look = true;
        }

        if (turn.Look)
            Volatile.Write(ref _lookQueued, 0);
        return turn;
    }
}
