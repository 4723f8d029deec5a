using Dashboard.Web.Console.Live;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Console;

public sealed class RenderPaceTests
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Second_change_follows_the_first_and_a_flood_comes_five_times_a_second()
    {
        var pace = new RenderPace(Pace, _time);

        Assert.Equal([20, 180, 200, 200, 200], Enumerable.Range(0, 5).Select(_ => Rest(pace)));
    }

    [Fact]
    public void Rest_of_one_pace_brings_one_render_back()
    {
        var pace = new RenderPace(Pace, _time);
        Assert.Equal([20, 180, 200], Enumerable.Range(0, 3).Select(_ => Rest(pace)));

        // Nothing changes for a while: the next change is alone again, and one more is in hand.
        _time.Advance(2 * Pace);

        Assert.Equal([20, 180, 200], Enumerable.Range(0, 3).Select(_ => Rest(pace)));
    }

    [Fact]
    public void Changes_that_come_a_little_apart_wait_for_what_is_left_of_the_pace()
    {
        var pace = new RenderPace(Pace, _time);
        Rest(pace);
        _time.Advance(TimeSpan.FromMilliseconds(80));

        Assert.Equal(100, Rest(pace));
    }

    /// <summary>Draws a change and rests; in ms.</summary>
    private double Rest(RenderPace pace)
    {
        var rest = pace.RestAfterChange();
        _time.Advance(rest);
        return rest.TotalMilliseconds;
    }
}
