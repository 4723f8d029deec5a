using System.Runtime.CompilerServices;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.Services;
using Dashboard.Web.Console.State;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Console;

public sealed class InstanceRowsTests : IAsyncDisposable
{
    private readonly ConsoleContext _context = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow().AddMinutes(10));
    private readonly TrafficStore _traffic;
    private readonly InstanceRows _rows;

    public InstanceRowsTests()
    {
        _traffic = new(_time);
        _rows = new(_traffic, _time);
    }

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

    [Fact]
    public void Rows_of_another_board_are_others_and_each_names_the_operation_on_it()
    {
        _context.AddService("cart", 2);
        var before = _rows.Of(Cart, frame: null, OperationBoard.Empty, before: []);

        var after = _rows.Of(Cart, frame: null, Board(Open(["cart-1"])), before);

        Assert.Equal([7L, null], after.Select(row => row.Operation?.Id));
        Assert.Same(before[1], after[1]);
    }

    [Fact]
    public void What_was_open_then_is_not_known_and_what_is_open_now_is()
    {
        _context.AddService("cart", 1);
        var frame = TrafficFrame.Empty;

        var then = _rows.Of(Cart, frame, new TrafficStore(_time).Query("cart", InstanceRows.ShareWindow), before: []);
        var now = _rows.Of(Cart, frame, OperationBoard.Empty, before: []);

        Assert.Equal((false, true), (then[0].Traffic!.InFlightComplete, now[0].Traffic!.InFlightComplete));
        Assert.Contains($"data-label=\"In flight\">{StateMarkup.Encoded(Format.None)}<", then[0].Text.Figures.Value, StringComparison.Ordinal);
        Assert.Contains("data-label=\"In flight\">0<", now[0].Text.Figures.Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing", 100)]
    [InlineData("health", 0)]
    [InlineData("committed", 0)]
    [InlineData("acknowledged", 0)]
    [InlineData("closed", 0)]
    public void Shares_are_those_since_the_last_change(string change, int counted)
    {
        _context.AddService("cart", 1);
        Report("cart-1", 100);
        _time.Advance(TimeSpan.FromSeconds(5));
        var now = _time.GetUtcNow();
        if (change == "health")
            _context.Registry.Execute(new RecordHealth("cart", [new(new("cart", "cart-1"), new(HealthStatus.Degraded, now, "slow", 1))]), Actor.System("health"));
        var longAgo = now.AddHours(-1);
        var open = Open(["cart-1"], longAgo);
        var board = change switch
        {
            "committed" => Board(open with { Operation = open.Operation with { CommittedAt = now } }),
            "acknowledged" => Board(open with { Stages = [new(StageKind.Acknowledged, StageState.Done, now, "1 of 1")] }),
            "closed" => Board(open with { Operation = open.Operation with { Outcome = OperationOutcome.Completed, ClosedAt = now } }),
            _ => Board(open),
        };
        _time.Advance(TimeSpan.FromSeconds(5));

        var row = Assert.Single(_rows.Of(Cart, _traffic.PublishFrame(), board, before: []));

        Assert.Equal(counted, row.Share!.Value.ServiceRequests);
    }

    [Fact]
    public void Row_says_what_is_off()
    {
        _context.AddService("cart", 2);
        _context.Registry.Execute(new RegisterInstance(new("cart", "cart-2"), new() { Address = "fd00::7", Port = 9007, Version = "<v2>" }), new("cart", ActorKind.Service));
        _context.SetHealth(new("cart", "cart-2"), HealthStatus.Healthy, "connected");
        _time.Advance(TimeSpan.FromMinutes(5));
        Report("cart-1", 100, failures: 2, longLived: 3);
        _time.Advance(TimeSpan.FromSeconds(2));

        var rows = _rows.Of(Cart, _traffic.PublishFrame(), OperationBoard.Empty, before: []);

        Assert.Contains("bad strong", rows[0].Text.Figures.Value, StringComparison.Ordinal);
        Assert.Contains("3 long-lived", rows[0].Text.Figures.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("bad strong", rows[1].Text.Figures.Value, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:9001", rows[0].Text.Place.Value, StringComparison.Ordinal);
        Assert.Contains("[fd00::7]:9007", rows[1].Text.Place.Value, StringComparison.Ordinal);
        Assert.Contains("&lt;v2&gt;", rows[1].Text.Place.Value, StringComparison.Ordinal);
        // All went to one of two that are to get half each.
        Assert.Equal((0.5, 1.0), (rows[0].Share!.Value.Intended, rows[0].Share!.Value.Actual!.Value));
        Assert.Contains("outside the noise band", rows[0].Text.Share.Value, StringComparison.Ordinal);
        Assert.Equal(1, rows[0].Scale);
    }

    [Fact]
    public void Shares_under_a_policy_that_does_not_follow_weights_have_no_band_and_none_have_one_without_traffic()
    {
        _context.AddService("cart", 10);
        Assert.All(_rows.Of(Cart, frame: null, OperationBoard.Empty, before: []), row => Assert.Contains("actual share not known", row.Text.Share.Value, StringComparison.Ordinal));
        Assert.All(_rows.Of(Cart, frame: null, OperationBoard.Empty, before: []), row => Assert.DoesNotContain("shares-band", row.Text.Share.Value, StringComparison.Ordinal));
        _context.Registry.Execute(new PutService("cart", Cart.Settings with { Policy = BalancingPolicy.LeastConnections }), new("ada", ActorKind.Operator));
        Report("cart-1", 100);
        Report("cart-2", 100);
        _time.Advance(TimeSpan.FromSeconds(2));

        var rows = _rows.Of(Cart, _traffic.PublishFrame(), OperationBoard.Empty, before: []);

        Assert.True(rows[0].Approximate);
        Assert.DoesNotContain("noise band", rows[0].Text.Share.Value, StringComparison.Ordinal);
        Assert.Equal(0.5, rows[0].Scale);
    }

    [Fact]
    public void One_that_is_out_of_rotation_and_still_gets_requests_shows_them()
    {
        _context.AddService("cart", 2);
        _context.Registry.Execute(new DrainInstance(new("cart", "cart-2")) { Override = true, Reason = "test" }, new("ada", ActorKind.Operator));
        Report("cart-1", 100);
        Report("cart-2", 5);
        _time.Advance(TimeSpan.FromSeconds(2));

        var rows = _rows.Of(Cart, _traffic.PublishFrame(), OperationBoard.Empty, before: []);

        Assert.Equal((0.0, 5L), (rows[1].Share!.Value.Intended, rows[1].Share!.Value.Requests));
    }

    [Fact]
    public void What_a_row_reads_follows_each_thing_that_it_says()
    {
        _context.AddService("cart", 1);
        using var clock = new ViewerClock(_time);
        var first = _rows.Of(Cart, frame: null, OperationBoard.Empty, before: [])[0];
        var evidence = first.Text.Evidence(clock, "1 s").Value;
        // A healthy one's last word is on hover alone.
        Assert.Contains("title=\"connected\"", evidence, StringComparison.Ordinal);
        Assert.DoesNotContain(": connected", evidence, StringComparison.Ordinal);
        Assert.Same(evidence, first.Text.Evidence(clock, "1 s").Value);
        Assert.Contains("2 s", first.Text.Evidence(clock, "2 s").Value, StringComparison.Ordinal);

        // Another viewer of the same row, in another zone.
        using var elsewhere = new ViewerClock(_time);
        elsewhere.SetZone("Asia/Tokyo");
        Assert.NotEqual(TimeZoneInfo.Utc, elsewhere.Zone);
        Assert.NotEqual(first.Text.Evidence(clock, "3 s").Value, first.Text.Evidence(elsewhere, "3 s").Value);

        Assert.DoesNotContain("slow", first.Text.Evidence(clock, "3 s").Value, StringComparison.Ordinal);
        _context.SetHealth(new("cart", "cart-1"), HealthStatus.Degraded, "slow");
        var second = _rows.Of(Cart, frame: null, OperationBoard.Empty, before: [first])[0];
        Assert.Contains(": slow", second.Text.Evidence(clock, "3 s").Value, StringComparison.Ordinal);

        _context.Registry.Execute(new RegisterInstance(new("cart", "cart-1"), new() { Address = "127.0.0.1", Port = 9001, Node = "other" }), new("cart", ActorKind.Service));
        Report("cart-1", 50);
        _time.Advance(TimeSpan.FromSeconds(2));
        var third = _rows.Of(Cart, _traffic.PublishFrame(), OperationBoard.Empty, before: [second])[0];
        Assert.Contains("other", third.Text.Place.Value, StringComparison.Ordinal);
        Assert.NotEqual(second.Text.Rate, third.Text.Rate);
    }

    [Fact]
    public void What_nobody_shows_any_more_is_not_held()
    {
        _context.AddService("cart", 3);

        var (frame, rows) = ShowOnce();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.Equal((false, false), (frame.IsAlive, rows.IsAlive));
        GC.KeepAlive(Cart);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private (WeakReference Frame, WeakReference Rows) ShowOnce()
    {
        var frame = TrafficFrame.Empty with { Sequence = 7 };
        return (new(frame), new(_rows.Of(Cart, frame, OperationBoard.Empty, before: [])));
    }

    private void Report(string instance, int requests, int failures = 0, int longLived = 0) => _traffic.Accept(new()
    {
        Reporter = $"gateway of {instance}",
        Session = Guid.NewGuid(),
        Sequence = 1,
        Period = TimeSpan.FromSeconds(1),
        Rows = [new("web", "cart", instance, requests, requests, failures, LatencyHistogram.Of(Enumerable.Repeat(TimeSpan.FromMilliseconds(5), requests)))],
        InFlight = longLived == 0 ? [] : [new("cart", instance, longLived, longLived)],
    });

    private static OperationBoard Board(OperationView view) => new(OperationBoard.Empty.Operations.Add(view.Id, view));

    private static OperationView Open(string[] instances, DateTimeOffset at = default) => new()
    {
        Operation = new()
        {
            Id = 7,
            Action = "instance.drain",
            Service = "cart",
            Instances = [.. instances.Select(id => new InstanceKey("cart", id))],
            Actor = "ada",
            RequestedAt = at,
            CommittedAt = at,
        },
        Stages = [],
        Acknowledged = 0,
        Followers = 0,
    };
}
