using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Agent;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Discovery.Agent;

public sealed class AgentPollsTests
{
    private readonly Guid _generation = Guid.NewGuid();
    private readonly FakeTimeProvider _time = new();
    private readonly FollowerTable _followers;
    private readonly AgentPolls _polls;

    public AgentPollsTests()
    {
        _followers = new(_time);
        _polls = new(_followers, _time);
    }

    [Fact]
    public void Answered_FirstPoll_FollowsTheService()
    {
        Poll("o-1", 7);

        var follower = _followers.Find("haproxy:10.0.0.9")!;
        Assert.Equal((FollowerKind.AgentCheck, true), (follower.Kind, follower.Connected));
        Assert.True(follower.Follows("orders"));
        Assert.False(follower.Follows("cart"));
        Assert.Equal(7, follower.AcknowledgedOf("orders", _generation));
    }

    [Fact]
    public void Answered_TwoChecksOfAService_AcknowledgesWhatBothWereTold()
    {
        Poll("o-1", 7);
        Poll("o-2", 7);

        Poll("o-1", 8);
        Assert.Equal(7, Acknowledged());

        Poll("o-2", 9);
        Assert.Equal(8, Acknowledged());
    }

    [Fact]
    public void Answered_CheckThatStaysAway_IsNotWaitedForAnyLonger()
    {
        Poll("o-1", 7);
        Poll("o-2", 7);
        _time.Advance(AgentPolls.Kept);
        Poll("o-1", 9);
        Assert.Equal(7, Acknowledged());

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Poll("o-1", 9);
        Assert.Equal(9, Acknowledged());
    }

    [Fact]
    public void Answered_NewGeneration_CountsOnceEachCheckWasAnsweredInIt()
    {
        Poll("o-1", 7);
        Poll("o-2", 7);
        var next = Guid.NewGuid();

        _polls.Answered(new("orders", "o-1", null), "10.0.0.9", next, 3);
        Assert.Equal(0, _followers.Find("haproxy:10.0.0.9")!.AcknowledgedOf("orders", next));

        _polls.Answered(new("orders", "o-2", null), "10.0.0.9", next, 3);
        Assert.Equal(3, _followers.Find("haproxy:10.0.0.9")!.AcknowledgedOf("orders", next));
    }

    [Fact]
    public void Answered_NamedAskers_AreFollowersOfTheirOwn()
    {
        _polls.Answered(new("orders", "o-1", "lb-1"), "10.0.0.9", _generation, 7);
        _polls.Answered(new("orders", "o-1", "lb-2"), "10.0.0.9", _generation, 8);

        Assert.Equal(["haproxy:lb-1", "haproxy:lb-2"], _followers.Current.Select(follower => follower.Id));
    }

    private long Acknowledged() => _followers.Find("haproxy:10.0.0.9")!.AcknowledgedOf("orders", _generation);

    private void Poll(string instance, long revision) => _polls.Answered(new("orders", instance, null), "10.0.0.9", _generation, revision);
}
