using Dashboard.Core.Health.Leases;
using Dashboard.Core.History;

namespace Dashboard.Tests.Core.History;

public sealed class HistoryRecorderTests
{
    private static readonly DateTimeOffset Second = PastWorld.Start.AddMinutes(1);
    private readonly PastWorld _world = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_minute_is_written_once_a_few_seconds_after_its_end()
    {
        _world.Pass(60 + (int)HistoryRecorder.After.TotalSeconds - 1);
        Assert.Equal(0, await _world.Recorder.RecordAsync(Cancelled));
        _world.Pass(1);
        Assert.Equal(1, await _world.Recorder.RecordAsync(Cancelled));
        Assert.Equal(0, await _world.Recorder.RecordAsync(Cancelled));
        Assert.Equal([("orders", PastWorld.Start)], _world.Store.Rows);
    }

    [Fact]
    public async Task While_the_store_is_away_minutes_wait_for_a_quarter_of_an_hour_and_no_longer()
    {
        _world.Store.Away = true;
        _world.Pass(20 * 60);
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => _world.Recorder.RecordAsync(Cancelled));
        _world.Store.Away = false;

        Assert.Equal(13, await _world.Recorder.RecordAsync(Cancelled));
        Assert.Equal(PastWorld.Start.AddMinutes(18), _world.Store.Rows.Max(row => row.Minute));
        Assert.Equal(PastWorld.Start.AddMinutes(6), _world.Store.Rows.Min(row => row.Minute));
    }

    [Fact]
    public async Task A_console_without_the_services_share_writes_nothing_until_it_takes_it_over()
    {
        var share = new HealthShare(_world.Time, Ownership.Of(new Dictionary<int, long> { [(HealthShard.Of("orders") + 1) % HealthShard.Count] = 1 }, long.MaxValue));
        var recorder = new HistoryRecorder(_world.Registry, _world.Traffic, share, _world.Store, _world.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<HistoryRecorder>.Instance);
        _world.Pass(180);
        Assert.Equal(0, await recorder.RecordAsync(Cancelled));

        // The other console died and may not have written the last minutes.
        share.Set(Ownership.Of(new Dictionary<int, long> { [HealthShard.Of("orders")] = 2 }, long.MaxValue));
        Assert.Equal(2, await recorder.RecordAsync(Cancelled));
    }

    [Fact]
    public async Task Minutes_that_nobody_told_of_are_not_written_as_zero()
    {
        _world.Time.Advance(TimeSpan.FromMinutes(10));
        _world.Restart();
        _world.Pass(130);

        await _world.Recorder.RecordAsync(Cancelled);

        Assert.All(_world.Store.Rows, row => Assert.True(row.Minute >= PastWorld.Start.AddMinutes(9)));
    }

    [Fact]
    public async Task A_late_report_is_written_into_its_minute()
    {
        _world.Pass(180);
        await _world.Recorder.RecordAsync(Cancelled);
        var before = (await _world.Store.ReadServiceAsync("orders", Second, Second.AddMinutes(1), Cancelled)).Single().Requests;

        _world.Traffic.Accept(_world.Report(1, 500, age: _world.Now - Second.AddSeconds(20)) with { Reporter = "late" });
        await _world.Recorder.RecordAsync(Cancelled);

        Assert.Equal(before + 500, (await _world.Store.ReadServiceAsync("orders", Second, Second.AddMinutes(1), Cancelled)).Single().Requests);
    }
}
