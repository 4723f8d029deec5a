using Dashboard.Core.Discovery;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Discovery;

public sealed class FollowerTableTests
{
    private static readonly Guid Generation = Guid.NewGuid();

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly FollowerTable _table;

    public FollowerTableTests() => _table = new(_time);

    [Fact]
    public void FollowersOf_AreThoseOfTheLastFifteenMinutes_AndTheConnected()
    {
        _table.Seen("stays", FollowerKind.Gateway, null, null, reports: true);
        _table.Seen("left", FollowerKind.Watch, null, ["orders"], reports: false);
        _table.Disconnected("left");
        _table.Seen("other", FollowerKind.Watch, null, ["cart"], reports: false);
        _table.Seen("resolver", FollowerKind.Dns, null, null, reports: false);

        _time.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(["left", "stays"], _table.FollowersOf(["orders"]));

        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(["stays"], _table.FollowersOf(["orders"]));
    }

    [Fact]
    public void Acknowledge_NeverGoesBackWithinAGeneration()
    {
        _table.Seen("g", FollowerKind.Gateway, null, null, reports: true);
        _table.Acknowledge("g", Generation, 7);
        _table.Acknowledge("g", Generation, 5);
        Assert.Equal(7, _table.Find("g")!.Acknowledged);

        _table.Acknowledge("g", Guid.NewGuid(), 2);
        Assert.Equal(2, _table.Find("g")!.Acknowledged);
        Assert.Equal(0, _table.Find("g")!.AcknowledgedOf("orders", Generation));
    }

    [Fact]
    public void Acknowledge_OfOneService_SaysNothingOfAnother()
    {
        _table.Seen("poller", FollowerKind.Http, null, ["orders"], reports: false);
        _table.Seen("poller", FollowerKind.Http, null, ["cart"], reports: false);
        _table.Acknowledge("poller", Generation, "orders", 9);

        var follower = _table.Find("poller")!;
        Assert.True(follower.Follows("orders") && follower.Follows("cart"));
        Assert.Equal((9, 0), (follower.AcknowledgedOf("orders", Generation), follower.AcknowledgedOf("cart", Generation)));
    }

    [Fact]
    public async Task NextAcknowledgement_CompletesWithTheNextOne()
    {
        _table.Seen("g", FollowerKind.Gateway, null, null, reports: true);
        var next = _table.NextAcknowledgement();
        Assert.False(next.IsCompleted);

        _table.Acknowledge("g", Generation, 1);

        await next.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.False(_table.NextAcknowledgement().IsCompleted);
    }

    [Fact]
    public void Stream_ThatIsReplacedBeforeItsEndIsSeen_StaysConnected()
    {
        var first = _table.Open("g", FollowerKind.Gateway, null, null, reports: true);
        var second = _table.Open("g", FollowerKind.Gateway, null, null, reports: true);

        first.Dispose();
        first.Dispose();
        Assert.True(_table.Find("g")!.Connected);

        second.Dispose();
        Assert.False(_table.Find("g")!.Connected);
    }

    [Fact]
    public void Expire_MarksWhoDidNotComeBackAsGone_AndForgetsThemADayLater()
    {
        _table.Seen("poller", FollowerKind.Http, null, ["orders"], reports: false, dueBy: _time.GetUtcNow() + TimeSpan.FromSeconds(60));
        _time.Advance(TimeSpan.FromSeconds(60));
        _table.Expire();
        Assert.True(_table.Find("poller")!.Connected);

        _time.Advance(TimeSpan.FromTicks(1));
        _table.Expire();
        Assert.False(_table.Find("poller")!.Connected);

        _time.Advance(FollowerTable.Kept);
        _table.Expire();
        Assert.Null(_table.Find("poller"));
    }

    [Fact]
    public void MadeUpNames_DoNotFillTheMemory()
    {
        for (var name = 0; name <= FollowerTable.Capacity; name++)
            _table.Seen($"c{name}", FollowerKind.Http, null, ["orders"], reports: false);

        Assert.Equal((FollowerTable.Capacity, 1), (_table.Count, _table.TurnedAway));
        _table.Seen("c1", FollowerKind.Http, null, ["cart"], reports: false);
        Assert.True(_table.Find("c1")!.Follows("cart"));
    }
}
