using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.Services;

namespace Dashboard.Tests.Web.Console;

public sealed class InstanceRowsTests : IAsyncDisposable
{
    private readonly ConsoleContext _context = new();
    private readonly InstanceRows _rows = new(new TrafficStore(TimeProvider.System), TimeProvider.System);

    private ServiceSnapshot Cart => _context.Registry.Current.Services["cart"];

    public ValueTask DisposeAsync() => _context.DisposeAsync();

    [Fact]
    public void Rows_of_one_state_are_made_once_for_all_who_look()
    {
        _context.AddService("cart", 3);

        var first = _rows.Of(Cart, frame: null, OperationBoard.Empty, before: []);

        Assert.Equal(["cart-1", "cart-2", "cart-3"], first.Select(row => row.Id));
        Assert.Same(first, _rows.Of(Cart, frame: null, OperationBoard.Empty, before: []));
        Assert.NotSame(first, _rows.Of(Cart, TrafficFrame.Empty, OperationBoard.Empty, before: []));
    }

    [Fact]
    public void A_row_that_says_what_it_said_is_the_row_that_was_there()
    {
        _context.AddService("cart", 3);
        var before = _rows.Of(Cart, frame: null, OperationBoard.Empty, before: []);

        _context.SetHealth(new("cart", "cart-2"), HealthStatus.Degraded, "slow");
        var after = _rows.Of(Cart, frame: null, OperationBoard.Empty, before);

        Assert.Same(before[0], after[0]);
        Assert.Same(before[2], after[2]);
        Assert.NotSame(before[1], after[1]);
        Assert.Contains("slow", after[1].Text.Badge.Value, StringComparison.Ordinal);
        Assert.Same(before[1].Text.Labels, after[1].Text.Labels);
        Assert.Same(before[1].Text.Place.Value, after[1].Text.Place.Value);
    }

    [Fact]
    public void Rows_of_the_past_are_nobody_elses()
    {
        _context.AddService("cart", 1);
        var now = _rows.Of(Cart, frame: null, OperationBoard.Empty, before: []);
        var window = new TrafficStore(TimeProvider.System).Query("cart", InstanceRows.ShareWindow);

        var then = _rows.Of(Cart, frame: null, window, now);

        Assert.True(then[0].IsPast);
        Assert.Same(now, _rows.Of(Cart, frame: null, OperationBoard.Empty, before: then));
        Assert.False(now[0].IsPast);
    }
}
