using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web;

/// <summary>The short form of <c>bench churn</c>: things that come and go leave nothing behind.</summary>
public sealed class ChurnTests(ITestOutputHelper output)
{
    private const int WarmUp = 30;
    private const int Rounds = 150;

    // One descriptor in ten rounds, 10 KB a change.
    private const int DescriptorsMore = 15;
    private const double LiveMegabytesMore = 40;

    [Fact]
    public async Task What_comes_and_goes_leaves_no_memory_and_no_descriptors_behind()
    {
        var cancelled = TestContext.Current.CancellationToken;
        // A collector that has little room looks often, so that what it leaves is what is held.
        await using var console = await ConsoleProcess.StartAsync([], cancelled, environment: [new("DOTNET_GCHeapHardLimit", "0xA000000"), new("DOTNET_GCConserveMemory", "9"), new("DOTNET_gcConcurrent", "0"), new("DOTNET_TieredPGO", "0")]);
        var churn = new Churn(console);
        for (var n = 0; n < WarmUp; n++)
            await churn.RoundAsync(cancelled);
        var before = await churn.SampleAsync(cancelled);
        for (var n = 0; n < Rounds; n++)
            await churn.RoundAsync(cancelled);

        // Streams that ended are noticed within a moment, and connections that nobody uses any more are closed within a minute.
        var after = await churn.SampleAsync(cancelled);
        await Eventually.TrueAsync(
            async () =>
            {
                after = await churn.SampleAsync(cancelled);
                return after.Descriptors <= before.Descriptors + DescriptorsMore;
            },
            TimeSpan.FromSeconds(150),
            () => $"at most {DescriptorsMore} descriptors more after {Rounds} rounds: {before.Descriptors} became {after.Descriptors}",
            cancelled);
        output.WriteLine($"before: {before}; after: {after}");
        // Operations that ended are shown for a while, which costs 4 KB a change; the long form waits until they go again.
        Assert.True(after.LiveMegabytes <= before.LiveMegabytes + LiveMegabytesMore, $"{before.LiveMegabytes:0.0} MB became {after.LiveMegabytes:0.0} MB");
    }
}
