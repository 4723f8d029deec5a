using Dashboard.Core.Feeds;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Feeds;

public sealed class CancellingTimerTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Source_is_cancelled_when_the_time_is_over_and_not_before()
    {
        using var source = new CancellationTokenSource();
        using var timer = _time.CancelAfter(source, TimeSpan.FromSeconds(2));

        _time.Advance(TimeSpan.FromSeconds(1.999));
        Assert.False(source.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(source.IsCancellationRequested);
    }

    // As after a pause of the whole process: the callback runs when its waiter has long gone. On a pool's thread an exception would end the process.
    [Fact]
    public void Source_that_was_disposed_meanwhile_is_left_alone()
    {
        var source = new CancellationTokenSource();
        using var timer = _time.CancelAfter(source, TimeSpan.FromSeconds(2));
        source.Dispose();

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.False(source.IsCancellationRequested);
    }
}
