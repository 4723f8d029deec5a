using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Live;

/// <summary>The viewer's time: their zone, and a tick each second for what counts. Scoped: one a circuit; the timer runs while somebody listens.</summary>
public sealed class ViewerClock(TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly HashSet<TickingText> _texts = [];
    private ITimer? _timer;
    private Action? _tick;

    /// <summary>The browser's time zone; UTC until it is known.</summary>
    public TimeZoneInfo Zone { get; private set; } = TimeZoneInfo.Utc;

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The moment of the past that the page shows: ages and what is still to come count from it. Null: now.</summary>
    public DateTimeOffset? Moment { get; private set; }

    /// <summary>Once a second, on a thread of the pool.</summary>
    public event Action Tick
    {
        add
        {
            lock (_gate)
            {
                _tick += value;
                StartUnderGate();
            }
        }
        remove
        {
            lock (_gate)
            {
                _tick -= value;
                StopUnderGate();
            }
        }
    }

    /// <summary>Sets the zone by its IANA name; one that this machine does not know leaves UTC in force.</summary>
    public void SetZone(string? name)
    {
        if (name is not null && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
        {
            Zone = zone;
            Beat();
        }
    }

    /// <summary>The page shows this moment from now on; null = now.</summary>
    public void Show(DateTimeOffset? moment)
    {
        if (moment != Moment)
        {
            Moment = moment;
            LeadStale();
        }
    }

    /// <summary>The moment in the viewer's zone.</summary>
    public DateTimeOffset Local(DateTimeOffset moment) => TimeZoneInfo.ConvertTime(moment, Zone);

    public void Dispose()
    {
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
            _tick = null;
            _texts.Clear();
        }
    }

    /// <summary>From now on the text is drawn anew whenever it reads otherwise.</summary>
    internal void Add(TickingText text)
    {
        lock (_gate)
        {
            _texts.Add(text);
            StartUnderGate();
        }
    }

    internal void Remove(TickingText text)
    {
        lock (_gate)
        {
            _texts.Remove(text);
            StopUnderGate();
        }
    }

    /// <summary>Puts every stale text into the batch that is being made.</summary>
    internal void JoinAll()
    {
        foreach (var text in Texts())
        {
            text.Join();
        }
    }

    private TickingText[] Texts()
    {
        lock (_gate)
        {
            return [.. _texts];
        }
    }

    private void Beat()
    {
        _tick?.Invoke();
        LeadStale();
    }

    private void LeadStale() => Texts().FirstOrDefault(text => text.IsStale)?.Lead();

    private void StartUnderGate() => _timer ??= time.CreateTimer(_ => Beat(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    private void StopUnderGate()
    {
        if (_tick is null && _texts.Count == 0)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }
}
