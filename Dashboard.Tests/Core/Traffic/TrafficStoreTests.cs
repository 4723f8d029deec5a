using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Traffic;

public sealed class TrafficStoreTests
{
    private static readonly InstanceKey Key = new("orders", "o-1");
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly TrafficStore _store;
    private readonly Guid _session = Guid.NewGuid();
    private long _sequence;

    public TrafficStoreTests() => _store = new(_time);

    [Fact]
    public void Report_IsSeenPerInstanceAndPerEdge_OnceItsSecondIsOver()
    {
        Accept([Row("web", 30, 30, 3, 10), Row("app", 10, 10, 0, 20)]);
        Assert.Equal(0, _store.Query("orders", Second).Total.Requests);
        _time.Advance(Second);
        var window = _store.Query("orders", Second);
        Assert.Equal(40, window.Total.Requests);
        Assert.Equal(40, window.Total.Rps);
        Assert.Equal(3 / 40.0, window.Total.ErrorRate);
        Assert.Equal(40, window.Of("o-1").Figures.Requests);
        Assert.Equal(["app", "web"], window.Callers.Select(edge => edge.Key.Source));
        Assert.Equal(30, window.Callers[1].Figures.Requests);
        Assert.InRange(window.Callers[1].Figures.P95Ms!.Value, 9.5, 10.5);
        Assert.InRange(window.Total.P99Ms!.Value, 19, 21);
    }

    [Fact]
    public void Repeat_IsIgnored()
    {
        var report = Report([Row("web", 10, 10, 0, 5)]);
        Assert.Equal(ReportOutcome.Accepted, _store.Accept(report));
        Assert.Equal(ReportOutcome.Repeated, _store.Accept(report));
        _time.Advance(Second);
        Assert.Equal(10, _store.Query("orders", Second).Total.Requests);
        Assert.Equal(1, Assert.Single(_store.Reporters).Repeats);
    }

    [Fact]
    public void MoreReportersThanItKeeps_AreRefused_AndTheirRowsCounted()
    {
        for (var number = 0; number < TrafficStore.MaximumReporters; number++)
            Assert.Equal(ReportOutcome.Accepted, _store.Accept(Report([]) with { Reporter = $"r-{number}" }));

        Assert.Equal(ReportOutcome.TooMany, _store.Accept(Report([Row("web", 10, 10, 0, 5)]) with { Reporter = "one too many" }));

        Assert.Equal((TrafficStore.MaximumReporters, 1L), (_store.Reporters.Length, _store.DroppedRows));
        // Those it knows are heard as before.
        Assert.Equal(ReportOutcome.Accepted, _store.Accept(Report([]) with { Reporter = "r-0" }));
    }

    [Fact]
    public void MissingSequence_IsCounted()
    {
        Accept([]);
        _sequence += 3;
        Accept([]);
        Assert.Equal(3, Assert.Single(_store.Reporters).Missed);
    }

    [Fact]
    public void ReportsThatNeverCame_LeaveUnknownSeconds_AndNotZeros()
    {
        _time.Advance(TimeSpan.FromSeconds(60));
        Accept([Row("web", 10, 10, 0, 5)]);
        _time.Advance(TimeSpan.FromSeconds(20));
        _sequence += 19;
        Accept([Row("web", 10, 10, 0, 5)]);
        _time.Advance(TimeSpan.FromSeconds(2));

        // The second in which the one before ended, and those up to the one in which the next began.
        Assert.Equal(20, _store.Query("orders", TimeSpan.FromSeconds(40)).UnknownSeconds);
        Assert.Equal(0, _store.Query("orders", TimeSpan.FromSeconds(1)).UnknownSeconds);
    }

    [Fact]
    public void TimeBeforeTheStart_IsUnknown_AsFarAsNobodyTellsOfItAfterwards()
    {
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(50, _store.Query("orders", TimeSpan.FromSeconds(60)).UnknownSeconds);

        // What waited at a gateway while there was no console.
        _store.Accept(Report([Row("web", 10, 10, 0, 5)]) with { Age = TimeSpan.FromSeconds(40) });

        Assert.Equal(20, _store.Query("orders", TimeSpan.FromSeconds(60)).UnknownSeconds);
    }

    [Fact]
    public void NewSession_StartsItsSequenceAnew_AndTheOldOneIsOver()
    {
        Accept([], open: 5);
        var old = Report([], open: 7);
        _store.Accept(new() { Reporter = "g", Session = Guid.NewGuid(), Sequence = 1, Period = Second });
        Assert.True(_store.InFlight(Key, ["g"], DateTimeOffset.MinValue).IsKnownZero);
        Assert.Equal(ReportOutcome.Repeated, _store.Accept(old));
    }

    [Fact]
    public void LateReport_IsDatedBackByItsAge()
    {
        _time.Advance(TimeSpan.FromSeconds(60));
        _store.Accept(Report([Row("web", 10, 10, 0, 5)]) with { Age = TimeSpan.FromSeconds(30) });
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(0, _store.Query("orders", TimeSpan.FromSeconds(35)).Total.Requests);
        Assert.Equal(10, _store.Query("orders", TimeSpan.FromSeconds(45)).Total.Requests);
    }

    [Fact]
    public void TooOldReport_CountsNothing()
    {
        Assert.Equal(ReportOutcome.TooOld, _store.Accept(Report([Row("web", 10, 10, 0, 5)]) with { Age = TrafficStore.Retention }));
        Assert.Equal((0, 0), _store.SeriesCount);
    }

    [Fact]
    public void LongPeriod_IsSpreadOverItsSeconds()
    {
        _store.Accept(Report([Row("web", 100, 100, 10, 5)]) with { Period = TimeSpan.FromSeconds(10) });
        _time.Advance(Second);
        var window = _store.Query("orders", TimeSpan.FromSeconds(5));
        Assert.Equal(50, window.Total.Requests);
        Assert.Equal(5, window.Total.Failures);
        Assert.Equal(100, _store.Query("orders", TimeSpan.FromSeconds(10)).Total.Requests);
    }

    [Fact]
    public void PeriodAcrossASecond_IsSplit_AndNothingIsLost()
    {
        _time.Advance(TimeSpan.FromMilliseconds(300));
        Accept([Row("web", 10, 10, 1, 5)]);
        _time.Advance(TimeSpan.FromMilliseconds(1700));
        Assert.Equal(3, _store.Query("orders", Second).Total.Requests);
        Assert.Equal(10, _store.Query("orders", TimeSpan.FromSeconds(2)).Total.Requests);
    }

    [Fact]
    public void Retention_ForgetsTheSecondThatIsFifteenMinutesOld()
    {
        Accept([Row("web", 10, 10, 0, 5)]);
        _time.Advance(TimeSpan.FromSeconds(898));
        Assert.Equal(10, _store.Query("orders", TrafficStore.Retention).Total.Requests);
        _time.Advance(Second);
        Assert.Equal(0, _store.Query("orders", TrafficStore.Retention).Total.Requests);
    }

    [Fact]
    public void Ring_DoesNotShowTheRoundBefore()
    {
        for (var round = 0; round < 4; round++)
        {
            Accept([Row("web", 10, 10, 0, 5)]);
            _time.Advance(TimeSpan.FromSeconds(1800));
            Accept([Row("web", 1, 1, 0, 5)]);
            _time.Advance(Second);
            var window = _store.Query("orders", TrafficStore.Retention);
            Assert.Equal(1, window.Total.Requests);
        }
    }

    [Fact]
    public void QuerySince_CountsNothingFromBefore()
    {
        for (var second = 0; second < 10; second++)
        {
            _time.Advance(Second);
            Accept([Row("web", 100, 100, 0, 5)]);
        }

        var since = _time.GetUtcNow() + TimeSpan.FromMilliseconds(300);
        Assert.Equal(0, _store.QuerySince("orders", since).Total.Requests);
        for (var second = 0; second < 5; second++)
        {
            _time.Advance(Second);
            // The first of these mixes what came before and after; from then on the other instance alone.
            Accept(second == 0 ? [Row("web", 50, 50, 0, 5), Row("web", 50, 50, 0, 5, "o-2")] : [Row("web", 100, 100, 0, 5, "o-2")]);
        }

        var window = _store.QuerySince("orders", since);
        Assert.Equal(0, window.Of("o-1").Figures.Requests);
        Assert.True(window.Of("o-2").Figures.Requests >= 100);
    }

    [Fact]
    public void InFlight_OfASilentReporter_IsUnknownAndNeverZero()
    {
        Accept([], open: 3, longLived: 1);
        Accept([], reporter: "h");
        var now = _time.GetUtcNow();
        var both = _store.InFlight(Key, ["g", "h"], now);
        Assert.Equal((3, 1), (both.Requests, both.LongLived));
        Assert.Empty(both.Unknown);
        Assert.True(_store.InFlight(Key, ["h"], now).IsKnownZero);

        // A word from before the acknowledgement does not count.
        Assert.Equal(["g", "h"], _store.InFlight(Key, ["g", "h"], now + TimeSpan.FromTicks(1)).Unknown);
        // Nor does one that has become too old.
        _time.Advance(TrafficStore.SilentAfter);
        Assert.Empty(_store.InFlight(Key, ["h"], now).Unknown);
        _time.Advance(TimeSpan.FromTicks(1));
        var silent = _store.InFlight(Key, ["h"], now);
        Assert.Equal(["h"], silent.Unknown);
        Assert.False(silent.IsKnownZero);
        // Nor one that never came.
        Assert.Equal(["nobody"], _store.InFlight(Key, ["nobody"], DateTimeOffset.MinValue).Unknown);
    }

    [Fact]
    public void Frame_ShowsWhatIsOpen_AndThatAReporterIsSilent()
    {
        Accept([Row("web", 10, 10, 0, 5)], open: 4, longLived: 2);
        _time.Advance(TimeSpan.FromSeconds(1));
        var frame = _store.PublishFrame();
        Assert.Equal((4, 2, true), (frame.Instances[Key].InFlight, frame.Instances[Key].LongLived, frame.Instances[Key].InFlightComplete));
        Assert.Equal(2, frame.Services["orders"].Figures.Rps);
        Assert.Equal(2, frame.Edges[new("web", "orders")].Figures.Rps);
        Assert.InRange(frame.Edges[new("web", "orders")].Figures.P50Ms!.Value, 4.7, 5.3);
        _time.Advance(TimeSpan.FromSeconds(10));
        frame = _store.PublishFrame();
        Assert.Equal((0, false), (frame.Instances[Key].InFlight, frame.Instances[Key].InFlightComplete));
        Assert.False(frame.Services["orders"].InFlightComplete);
        Assert.Equal(0, frame.Services["orders"].Figures.Rps);
        Assert.Equal(2, frame.Sequence);
        Assert.Same(frame, _store.Feed.Current);
    }

    [Fact]
    public void Prune_KeepsGhostsForMinutes_AndTheRegisteredForAsLongAsTheyAreAsked()
    {
        Accept([Row("web", 10, 10, 0, 5), new TrafficRow("web", "gone", "g-1", 5, 5, 0, LatencyHistogram.Empty)]);
        var registry = RegistrySnapshot.Load(
            Guid.NewGuid(), 1, _time.GetUtcNow(),
            [
                new ServiceChange("orders", null, new(ServiceSettings.Default, 1)),
                new InstanceChange(Key, null, new(new() { Address = "10.0.0.1", Port = 80 }, 1, _time.GetUtcNow())),
            ]);
        _time.Advance(TrafficStore.GhostFor - Second);
        _store.Prune(registry);
        Assert.Equal((2, 2), _store.SeriesCount);
        _time.Advance(TimeSpan.FromSeconds(2));
        _store.Prune(registry);
        Assert.Equal((1, 1), _store.SeriesCount);
        _time.Advance(TrafficStore.Retention);
        _store.Prune(registry);
        Assert.Equal((0, 0), _store.SeriesCount);
        Assert.Empty(_store.Reporters);
    }

    [Fact]
    public void Series_AreBounded_AndWhatIsDroppedIsCounted()
    {
        const int Over = 10;
        Accept([.. Enumerable.Range(0, TrafficStore.MaximumInstances + Over).Select(index => Row("web", 1, 1, 0, 5, $"o-{index}"))]);
        Assert.Equal((TrafficStore.MaximumInstances, 1), _store.SeriesCount);
        Assert.Equal(Over, _store.DroppedRows);
    }

    [Fact]
    public void Chart_HasAPointForEachStep()
    {
        for (var second = 0; second < 30; second++)
        {
            Accept([Row("web", 10, 10, second >= 20 ? 10 : 0, 5)]);
            _time.Advance(Second);
        }

        var points = _store.Chart("orders", "o-1", TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));
        Assert.Equal([10, 10], points[..2].Select(point => point.Rps));
        Assert.Equal(0, points[0].ErrorRate);
        Assert.Equal(points.Select(point => point.Rps), _store.Chart("orders", null, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10)).Select(point => point.Rps));
        Assert.Empty(_store.Chart("nosuch", "o-1", TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10)).Where(point => point.Rps > 0));
    }

    [Fact]
    public void Document_CarriesAReport()
    {
        var report = Report([Row("web", 10, 9, 1, 5)], open: 3, longLived: 1) with { Age = TimeSpan.FromMilliseconds(1500) };
        var json = System.Text.Json.JsonSerializer.Serialize(TrafficReportDocument.From(report), TrafficJson.Default.TrafficReportDocument);
        var read = System.Text.Json.JsonSerializer.Deserialize(json, TrafficJson.Default.TrafficReportDocument)!.ToReport(out var faults);
        Assert.Empty(faults);
        Assert.Equal(report.Rows[0] with { Latency = LatencyHistogram.Empty }, read!.Rows[0] with { Latency = LatencyHistogram.Empty });
        Assert.Equal(report.Rows[0].Latency.ToPairs(), read.Rows[0].Latency.ToPairs());
        Assert.Equal(report.InFlight[0], read.InFlight[0]);
        Assert.Equal(report with { Rows = [], InFlight = [] }, read with { Rows = [], InFlight = [] });
    }

    [Fact]
    public void Document_NamesEveryFault()
    {
        var document = new TrafficReportDocument
        {
            Sequence = 0,
            PeriodMs = -1,
            Rows = [new(null, "orders", "o-1", -1, 1, 2, [5])],
            InFlight = [new("orders", "o-1", 1, 2)],
        };
        Assert.Null(document.ToReport(out var faults));
        Assert.Equal(
            ["reporter", "session", "sequence", "periodMs", "rows[0].source", "rows[0].requests", "rows[0].failures", "rows[0].latency", "inFlight[0].longLived"],
            faults.Select(fault => fault.Path));
    }

    private static TrafficRow Row(string source, long requests, long completed, long failures, double milliseconds, string instance = "o-1") =>
        new(source, "orders", instance, requests, completed, failures, LatencyHistogram.Of(Enumerable.Repeat(TimeSpan.FromMilliseconds(milliseconds), (int)completed)));

    private TrafficReport Report(ImmutableArray<TrafficRow> rows, int open = 0, int longLived = 0, string reporter = "g") => new()
    {
        Reporter = reporter,
        Session = _session,
        Sequence = ++_sequence,
        Period = Second,
        Rows = rows,
        InFlight = open == 0 ? [] : [new(Key.Service, Key.Id, open, longLived)],
    };

    private void Accept(ImmutableArray<TrafficRow> rows, int open = 0, int longLived = 0, string reporter = "g") =>
        Assert.Equal(ReportOutcome.Accepted, _store.Accept(Report(rows, open, longLived, reporter)));
}
