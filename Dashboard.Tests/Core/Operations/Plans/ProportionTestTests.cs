using Dashboard.Core.Operations.Plans;

namespace Dashboard.Tests.Core.Operations.Plans;

public sealed class ProportionTestTests
{
    [Fact]
    public void Above_is_the_score_test()
    {
        // (0.05 - 0.01) / sqrt(0.01 * 0.99 / 400)
        Assert.Equal(8.04, ProportionTest.Above(20, 400, 0.01), 0.01);
        Assert.Equal(0, ProportionTest.Above(0, 0, 0.01));
        // One failure of a hundred proves nothing, also where none is normal.
        Assert.InRange(ProportionTest.Above(1, 100, 0), 0, ProportionTest.Critical);
    }

    [Fact]
    public void Exceeds_takes_the_margin_off_and_needs_a_sample()
    {
        Assert.InRange(ProportionTest.Exceeds(50, 1000, 10, 1000, 0.01), ProportionTest.Critical, 6);
        Assert.InRange(ProportionTest.Exceeds(20, 1000, 10, 1000, 0.01), -3, 0.5);
        Assert.InRange(ProportionTest.Exceeds(2, 20, 0, 400, 0.01), -3, ProportionTest.Critical);
        Assert.InRange(ProportionTest.Exceeds(100, 100, 0, 100, 0.01), 10, double.MaxValue);
        Assert.Equal(0, ProportionTest.Exceeds(5, 5, 0, 0, 0));
    }

    [Theory]
    [InlineData(200, 4000, 0.01)]
    [InlineData(1000, 1000, 0.02)]
    [InlineData(2000, 2000, 0.001)]
    public void A_version_that_is_as_good_as_the_old_one_is_returned_in_at_most_one_of_a_hundred_steps(int next, int old, double rate)
    {
        const int Steps = 2_000;
        const int Looks = 10;
        var chance = new Random(4711);
        var returned = 0;
        for (var step = 0; step < Steps; step++)
        {
            var (mine, theirs) = (0L, 0L);
            for (var look = 1; look <= Looks; look++)
            {
                mine += Hits(next / Looks);
                theirs += Hits(old / Looks);
                if (next * look / Looks >= 100 && ProportionTest.Exceeds(mine, next * look / Looks, theirs, old * look / Looks, 0.01) > ProportionTest.Critical)
                {
                    returned++;
                    break;
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{returned} of {Steps} steps of a good version would be returned ({100.0 * returned / Steps:0.00} %)");
        Assert.InRange(returned, 0, Steps / 100);

        long Hits(int requests)
        {
            var hits = 0L;
            for (var request = 0; request < requests; request++)
                hits += chance.NextDouble() < rate ? 1 : 0;
            return hits;
        }
    }
}
