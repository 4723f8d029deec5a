namespace Dashboard.Core.Operations.Plans;

/// <summary>
/// One-sided tests of proportions, by which plans tell a rise from chance. Each gives z, which under the hypothesis "no rise" is about standard normal; <see cref="Critical"/> is where a plan acts.
/// </summary>
public static class ProportionTest
{
    /// <summary>z of a level of 0.1 % for one look: chance alone gets there in 1 of 1,000 looks.</summary>
    public const double Critical = 3.09;

    /// <summary>
    /// Score test of one proportion (hypothesis: it is at most <paramref name="limit"/>): z = (p - p0) / sqrt(p0 (1 - p0) / n).
    /// </summary>
    /// <param name="limit">p0, 0-1; below 0.001 it counts as that, so that a single event is no proof.</param>
    public static double Above(long hits, long sample, double limit)
    {
        if (sample <= 0)
            return 0;

        var expected = Math.Clamp(limit, 0.001, 0.999);
        return ((double)Math.Min(hits, sample) / sample - expected) / Math.Sqrt(expected * (1 - expected) / sample);
    }

    /// <summary>
    /// Test of two proportions with a margin (hypothesis: the first exceeds the second by at most <paramref name="margin"/>): z = (p1 - p2 - margin) / sqrt(p1 (1 - p1) / n1 + p2 (1 - p2) / n2), with one
    /// hit and one miss added to each sample (Agresti and Caffo, The American Statistician 54, 2000), so that it holds also where hits are few.
    /// </summary>
    public static double Exceeds(long hits, long sample, long otherHits, long otherSample, double margin)
    {
        if (sample <= 0 || otherSample <= 0)
            return 0;

        var (one, ofOne) = Adjusted(hits, sample);
        var (two, ofTwo) = Adjusted(otherHits, otherSample);
        return (one - two - margin) / Math.Sqrt(one * (1 - one) / ofOne + two * (1 - two) / ofTwo);
    }

    private static (double Rate, double Sample) Adjusted(long hits, long sample) => ((Math.Min(hits, sample) + 1.0) / (sample + 2), sample + 2);
}
