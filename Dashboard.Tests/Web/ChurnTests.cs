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
                return after.Descriptors <= before.Descriptors + Rounds / 2;
            },
            TimeSpan.FromSeconds(30),
            () => $"fewer than one descriptor for every second round is left: {before.Descriptors} became {after.Descriptors}",
            cancelled);
        output.WriteLine($"before: {before}; after: {after}");
        // A collector has moods of tens of megabytes; what each of the rounds left behind would be more. The long form looks closer.
        Assert.True(after.ResidentMegabytes <= before.ResidentMegabytes + 100, $"{before.ResidentMegabytes:0} MB became {after.ResidentMegabytes:0} MB");
    }
}
