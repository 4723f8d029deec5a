namespace Dashboard.Core.Registry;

/// <summary>Verifies the change log's chain for whoever asks: those who ask while a walk is under way share it, and its result is kept for pages to show.</summary>
public sealed class ChainVerifier(IChangeHistory history, TimeProvider time)
{
    private readonly Lock _gate = new();
    private Task<ChainVerdict>? _running;
    private ChainVerdict? _last;
    private long _checked;

    /// <summary>What the last walk found; null = there was none since the start.</summary>
    public ChainVerdict? Last => Volatile.Read(ref _last);

    /// <summary>How many rows the walk that is under way has read; null = none is.</summary>
    public long? Progress
    {
        get
        {
            lock (_gate)
            {
                return _running is { IsCompleted: false } ? Interlocked.Read(ref _checked) : null;
            }
        }
    }

    /// <summary>Walks the chain, or joins the walk that is under way. It goes on when the wait is cancelled.</summary>
    /// <exception cref="System.Data.Common.DbException">Postgres is away.</exception>
    public Task<ChainVerdict> VerifyAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_running is not { IsCompleted: false })
            {
                Interlocked.Exchange(ref _checked, 0);
                _running = Task.Run(WalkAsync, CancellationToken.None);
            }

            return _running.WaitAsync(cancellationToken);
        }
    }

    private async Task<ChainVerdict> WalkAsync()
    {
        var began = time.GetTimestamp();
        var result = await history.VerifyAsync(new Counter(this), CancellationToken.None).ConfigureAwait(false);
        var verdict = new ChainVerdict(result, time.GetUtcNow(), time.GetElapsedTime(began));
        Volatile.Write(ref _last, verdict);
        return verdict;
    }

    private sealed class Counter(ChainVerifier owner) : IProgress<long>
    {
        public void Report(long value) => Interlocked.Exchange(ref owner._checked, value);
    }
}

/// <summary>A walk of the chain that has ended.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Took">How long it took.</param>
public sealed record ChainVerdict(ChainVerification Result, DateTimeOffset At, TimeSpan Took);
