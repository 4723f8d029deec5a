using Dashboard.Core.Traffic;
using Dashboard.Web.Gateway.Remote;

namespace Dashboard.Tests.Web.Gateway.Remote;

public sealed class ReportBufferTests
{
    [Fact]
    public void Add_BeyondTheReports_LosesTheOldestAndCountsIt()
    {
        var buffer = new ReportBuffer(maximumReports: 2, maximumRows: 100);
        foreach (var sequence in new[] { 1, 2, 3 })
        {
            buffer.Add(Report(sequence, rows: 1, requests: 10), 0);
        }

        Assert.Equal(2, buffer.Peek()!.Value.Report.Sequence);
        Assert.Equal((2, 1, 10), (buffer.Count, buffer.LostReports, buffer.LostRequests));
    }

    [Fact]
    public void Add_BeyondTheRows_LosesAsManyAsNeeded_ButNeverTheNewest()
    {
        var buffer = new ReportBuffer(maximumReports: 100, maximumRows: 10);
        buffer.Add(Report(1, rows: 4, requests: 1), 0);
        buffer.Add(Report(2, rows: 4, requests: 1), 0);
        buffer.Add(Report(3, rows: 40, requests: 1), 0);

        Assert.Equal(3, buffer.Peek()!.Value.Report.Sequence);
        Assert.Equal((1, 2, 8), (buffer.Count, buffer.LostReports, buffer.LostRequests));
    }

    [Fact]
    public void Remove_OfWhatWasLostMeanwhile_TakesNothingElse()
    {
        var buffer = new ReportBuffer(maximumReports: 1, maximumRows: 100);
        var first = Report(1, rows: 1, requests: 1);
        buffer.Add(first, 0);
        buffer.Add(Report(2, rows: 1, requests: 1), 0);

        buffer.Remove(first, told: true);

        Assert.Equal((1, 1), (buffer.Count, buffer.LostReports));
        Assert.Equal(2, buffer.Peek()!.Value.Report.Sequence);
    }

    [Fact]
    public void Remove_RefusedByTheConsole_CountsAsLost()
    {
        var buffer = new ReportBuffer();
        var report = Report(1, rows: 3, requests: 5);
        buffer.Add(report, 0);

        buffer.Remove(report, told: false);

        Assert.Equal((0, 1, 15), (buffer.Count, buffer.LostReports, buffer.LostRequests));
    }

    [Fact]
    public async Task WaitAsync_EndsWithTheNextReport()
    {
        var buffer = new ReportBuffer();
        var waiting = buffer.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);

        buffer.Add(Report(1, rows: 0, requests: 0), 0);

        await waiting.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    private static TrafficReport Report(long sequence, int rows, long requests) => new()
    {
        Reporter = "g",
        Session = Guid.Parse("7b0d3b6c-8f3f-4c0a-9d6e-1f2a3b4c5d6e"),
        Sequence = sequence,
        Period = TimeSpan.FromSeconds(1),
        Rows = [.. Enumerable.Range(0, rows).Select(row => new TrafficRow("external", "orders", $"o-{row}", requests, requests, 0, LatencyHistogram.Empty))],
    };
}
