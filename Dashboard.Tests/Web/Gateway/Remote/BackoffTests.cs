using Dashboard.Web.Gateway.Remote;

namespace Dashboard.Tests.Web.Gateway.Remote;

public sealed class BackoffTests
{
    [Fact]
    public void Next_GrowsToTheLongest_AndStartsAnewAfterAReset()
    {
        var backoff = New(1);
        var pauses = Enumerable.Range(0, 50).Select(_ => backoff.Next()).ToArray();

        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.FromSeconds(0.05), Backoff.Longest));
        Assert.InRange(pauses[0], TimeSpan.Zero, TimeSpan.FromSeconds(0.5));
        Assert.True(pauses.Max() > TimeSpan.FromSeconds(2));
        backoff.Reset();
        Assert.InRange(backoff.Next(), TimeSpan.Zero, TimeSpan.FromSeconds(0.5));
    }

    [Fact]
    public void Next_OfThousandThatLostTheirConsoleTogether_ComesSpreadOut()
    {
        // Each has failed often enough to pause its longest.
        var pauses = Enumerable.Range(0, 1000).Select(seed =>
        {
            var backoff = New(seed);
            for (var i = 0; i < 10; i++)
            {
                backoff.Next();
            }

            return backoff.Next();
        }).ToArray();

        var busiest = pauses.GroupBy(pause => (int)(pause.TotalMilliseconds / 100)).Max(group => group.Count());
        Assert.True(busiest < 80, $"{busiest} of 1,000 come within the same 100 ms");
        Assert.All(pauses, pause => Assert.True(pause <= Backoff.Longest));
    }

    private static Backoff New(int seed) => new(TimeProvider.System, new Random(seed), Backoff.Longest);
}
