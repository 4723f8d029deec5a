using Dashboard.Web.Live;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dashboard.Tests.Web.Live;

public sealed class StateCoalescerTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly FakeTimeProvider _time = new();
    private readonly StateCoalescer _coalescer;
    private int _wakes;

    public StateCoalescerTests() => _coalescer = new(_time, Interval, () => _wakes++);

    public void Dispose() => _coalescer.Dispose();

    [Fact]
    public void The_first_signal_goes_through_at_once()
    {
        _coalescer.Signal();

        Assert.True(_coalescer.Take());
        Assert.False(_coalescer.Take());
    }

    [Fact]
    public void Further_signals_go_through_as_one_when_the_interval_is_over_and_not_a_tick_before()
    {
        _coalescer.Signal();
        _coalescer.Take();
        _coalescer.Signal();
        _coalescer.Signal();
        Assert.False(_coalescer.Take());

        _time.Advance(Interval - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, _wakes);
        Assert.False(_coalescer.Take());
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, _wakes);
        Assert.True(_coalescer.Take());
        Assert.False(_coalescer.Take());
    }

    [Fact]
    public void A_thousand_signals_in_a_second_go_through_at_most_five_times_and_the_last_is_not_lost()
    {
        var taken = 0;
        for (var i = 0; i < 1000; i++)
        {
            _coalescer.Signal();
            taken += _coalescer.Take() ? 1 : 0;
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        _time.Advance(Interval);
        Assert.InRange(taken, 1, 5);
        Assert.True(_coalescer.Take());
    }
}
