using CsCheck;
using Dashboard.Core.Traffic;

namespace Dashboard.Tests.Core.Traffic;

public sealed class ShareEvidenceTests
{
    [Fact]
    public void Band_IsFourSigma_OrATenthOfTheShare()
    {
        // 4 * sqrt(0.25 / 100) = 0.2; with 100 times the sample a tenth of it, below a tenth of the share.
        Assert.Equal(0.2, ShareEvidence.BandFor(0.5, 100), 6);
        Assert.Equal(0.05, ShareEvidence.BandFor(0.5, 10_000), 6);
        Assert.Equal(0, ShareEvidence.BandFor(0, 100));
        Assert.Equal(1, ShareEvidence.BandFor(0.5, 0));
    }

    [Theory]
    [InlineData(0.75, 740, 1000, ShareVerdict.Agrees)]
    [InlineData(0.75, 500, 1000, ShareVerdict.Disagrees)]
    [InlineData(0.75, 10, 10, ShareVerdict.Agrees)]
    [InlineData(0.75, 9, 9, ShareVerdict.CannotTell)]
    [InlineData(0.25, 0, 47, ShareVerdict.CannotTell)]
    [InlineData(0.25, 0, 49, ShareVerdict.Disagrees)]
    [InlineData(0, 0, 9, ShareVerdict.CannotTell)]
    [InlineData(0, 0, 10, ShareVerdict.Agrees)]
    [InlineData(0, 1, 2, ShareVerdict.Disagrees)]
    [InlineData(1, 500, 500, ShareVerdict.Agrees)]
    public void Verdict_FollowsTheBand(double intended, long requests, long all, ShareVerdict expected) =>
        Assert.Equal(expected, new ShareEvidence(intended, requests, all).Verdict);

    [Theory]
    [InlineData(0.5, 10, 1000, ShareVerdict.Agrees)]
    [InlineData(0.5, 0, 1000, ShareVerdict.Disagrees)]
    [InlineData(0, 0, 1000, ShareVerdict.Agrees)]
    [InlineData(0, 3, 1000, ShareVerdict.Disagrees)]
    public void ZeroVerdict_JudgesOnlyZeroAgainstNotZero(double intended, long requests, long all, ShareVerdict expected) =>
        Assert.Equal(expected, new ShareEvidence(intended, requests, all).ZeroVerdict);

    [Fact]
    public void FairDraws_StayInsideTheBand() =>
        Gen.Select(Gen.Double[0.02, 0.98], Gen.Int[100, 3000], Gen.Int).Sample(
            (share, requests, seed) =>
            {
                var random = new Random(seed);
                var hits = Enumerable.Range(0, requests).Count(_ => random.NextDouble() < share);
                var evidence = new ShareEvidence(share, hits, requests);
                // 5 sigma instead of 4, so that the test does not fail by chance.
                Assert.InRange(Math.Abs(evidence.Actual!.Value - share), 0, 1.25 * evidence.NoiseBand);
            },
            iter: 300);
}
