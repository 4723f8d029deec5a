using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web;

/// <summary>The short form of <c>bench churn</c>: things that come and go leave nothing behind.</summary>
public sealed class ChurnTests(ITestOutputHelper output)
{
    private const int WarmUp = 30;
    private const int Rounds = 150;

    [Fact]
    public async Task What_comes_and_goes_leaves_no_memory_and_no_descriptors_behind()
    {
        var cancelled = TestContext.Current.CancellationToken;
        // A collector that gives memory back soon, so that what is measured is what is held.
        await using var console = await ConsoleProcess.StartAsync([], cancelled, environment: [new("DOTNET_GCConserveMemory", "9"), new("DOTNET_gcConcurrent", "0"), new("DOTNET_TieredPGO", "0")]);
        var churn = new Churn(console);
        for (var n = 0; n < WarmUp; n++)
            await churn.RoundAsync(cancelled);
        var before = await churn.SampleAsync(cancelled);
        for (var n = 0; n < Rounds; n++)
            await churn.RoundAsync(cancelled);

        // Streams that ended are noticed within a moment.
        var after = await churn.SampleAsync(cancelled);
        await Eventually.TrueAsync(
            async () =>
            {
                after = await churn.SampleAsync(cancelled);
                return after.Descriptors <= before.Descriptors + 20;
            },
            TimeSpan.FromSeconds(30),
            () => $"descriptors fall back to {before.Descriptors}; now {after.Descriptors}",
            cancelled);
        output.WriteLine($"before: {before}; after: {after}");
        // 3,000 instances, 150 services, hosts, watchers and operations that are gone: kept, they would be tens of megabytes; the collector's own moods are less.
        Assert.True(after.ResidentMegabytes <= before.ResidentMegabytes + 60, $"{before.ResidentMegabytes:0} MB became {after.ResidentMegabytes:0} MB");
    }
}
