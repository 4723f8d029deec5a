namespace Dashboard.Web.Live;

/// <summary>Lets the first signal through at once, and further ones as a single one each interval.</summary>
internal sealed class StateCoalescer : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private readonly ITimer _timer;
    private long? _lastTaken;
    private bool _dirty;

    /// <param name="wake">Called when there may be something to take; from any thread, must not block.</param>
    public StateCoalescer(TimeProvider time, TimeSpan interval, Action wake)
    {
        _time = time;
        _interval = interval;
        _timer = time.CreateTimer(_ => wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Signal()
    {
        lock (_gate)
        {
            _dirty = true;
        }
    }

    /// <summary>True when something was signalled and the interval since the last taking is over. Else, with a signal waiting, it wakes once the interval is.</summary>
    public bool Take()
    {
        lock (_gate)
        {
            if (!_dirty)
            {
                return false;
            }

            if (_lastTaken is { } last && _time.GetElapsedTime(last) is var elapsed && elapsed < _interval)
            {
                _timer.Change(_interval - elapsed, Timeout.InfiniteTimeSpan);
                return false;
            }

            _dirty = false;
            _lastTaken = _time.GetTimestamp();
            return true;
        }
    }

    public void Dispose() => _timer.Dispose();
}
