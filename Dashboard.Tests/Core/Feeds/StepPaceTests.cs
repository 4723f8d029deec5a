using Dashboard.Core.Feeds;

namespace Dashboard.Tests.Core.Feeds;

public sealed class StepPaceTests
{
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(10);

    [Fact]
    public void Without_a_share_steps_are_a_gap_apart()
    {
        var pace = new StepPace(Gap);

        Assert.Equal(Milliseconds(9), pace.RestAfter(TimeSpan.FromHours(1), Milliseconds(1)));
        Assert.Equal(TimeSpan.Zero, pace.RestAfter(Milliseconds(10), Milliseconds(11)));
    }

    [Fact]
    public void Cheap_steps_follow_one_another_at_once()
    {
        var pace = new StepPace(Gap, 0.05);

        // Each takes exactly the share of the time since the one before.
        for (var i = 0; i < 1000; i++)
            Assert.Equal(TimeSpan.Zero, pace.RestAfter(Milliseconds(1), Milliseconds(0.05)));
    }

    [Fact]
    public void Steps_that_cost_more_than_their_share_are_a_gap_apart()
    {
        var pace = new StepPace(Gap, 0.05);

        Assert.Equal(Milliseconds(9), pace.RestAfter(TimeSpan.FromHours(1), Milliseconds(1)));
        Assert.Equal(Milliseconds(9), pace.RestAfter(Gap, Milliseconds(1)));
    }

    [Fact]
    public void A_quiet_time_earns_no_more_than_one_gap_does()
    {
        var pace = new StepPace(Gap, 0.05);

        Assert.Equal(TimeSpan.Zero, pace.RestAfter(TimeSpan.FromHours(1), Milliseconds(0.5)));
        Assert.Equal(Milliseconds(9.9), pace.RestAfter(TimeSpan.Zero, Milliseconds(0.1)));
    }

    [Fact]
    public void One_rest_pays_for_a_step_that_was_held_up()
    {
        var pace = new StepPace(Gap, 0.05);
        Assert.Equal(TimeSpan.Zero, pace.RestAfter(Milliseconds(50), Milliseconds(500)));

        Assert.Equal(TimeSpan.Zero, pace.RestAfter(Milliseconds(510), Milliseconds(0.1)));
    }

    private static TimeSpan Milliseconds(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
