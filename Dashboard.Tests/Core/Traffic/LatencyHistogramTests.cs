using CsCheck;
using Dashboard.Core.Traffic;

namespace Dashboard.Tests.Core.Traffic;

public sealed class LatencyHistogramTests
{
    // From 100 ns to beyond the longest, evenly over the magnitudes.
    private static readonly Gen<TimeSpan> Duration = Gen.Double[0, 9.3].Select(magnitude => TimeSpan.FromTicks((long)Math.Pow(10, magnitude)));

    [Fact]
    public void Quantile_IsWithinFivePercent_OfTheExactOne() =>
        Gen.Select(Duration.Array[1, 400], Gen.Double[0, 1]).Sample((values, quantile) =>
        {
            var sorted = values.Order().ToArray();
            var exact = sorted[Math.Clamp((int)Math.Ceiling(quantile * sorted.Length) - 1, 0, sorted.Length - 1)];
            var estimate = LatencyHistogram.Of(values).Quantile(quantile)!.Value;
            Assert.InRange(Math.Abs(estimate.Ticks - exact.Ticks) / (double)exact.Ticks, 0, 0.05);
        });

    [Fact]
    public void Bucket_HoldsWhatItsBoundsSay() =>
        Duration.Sample(value =>
        {
            var bucket = LatencyBuckets.IndexOf(value);
            Assert.True(LatencyBuckets.LowerBound(bucket) <= value);
            Assert.True(bucket == LatencyBuckets.Count - 1 || value < LatencyBuckets.LowerBound(bucket + 1));
        });

    [Fact]
    public void Merge_IsTheHistogramOfBoth() =>
        Gen.Select(Duration.Array[0, 100], Duration.Array[0, 100]).Sample((one, other) =>
            Assert.Equal(LatencyHistogram.Of([.. one, .. other]).ToPairs(), LatencyHistogram.Of(one).Merge(LatencyHistogram.Of(other)).ToPairs()));

    [Fact]
    public void Parts_AddUpToTheWhole() =>
        Gen.Select(Duration.Array[1, 200], Gen.Double[0, 1], Gen.Double[0, 1]).Sample((values, one, other) =>
        {
            var (low, high) = (Math.Min(one, other), Math.Max(one, other));
            var whole = LatencyHistogram.Of(values);
            var parts = whole.Part(0, low).Merge(whole.Part(low, high)).Merge(whole.Part(high, 1));
            Assert.Equal(whole.ToPairs(), parts.ToPairs());
        });

    [Fact]
    public void Pairs_ReadBack() =>
        Duration.Array[0, 200].Sample(values =>
        {
            var histogram = LatencyHistogram.Of(values);
            var read = LatencyHistogram.FromPairs(histogram.ToPairs().AsSpan());
            Assert.Equal(histogram.ToPairs(), read?.ToPairs());
            Assert.Equal(histogram.Count, read?.Count);
        });

    [Theory]
    [InlineData(new long[] { 1 })]
    [InlineData(new long[] { -1, 1 })]
    [InlineData(new long[] { 100_000, 1 })]
    [InlineData(new long[] { 5, 1, 5, 1 })]
    [InlineData(new long[] { 5, 1, 4, 1 })]
    [InlineData(new long[] { 5, 0 })]
    [InlineData(new long[] { 5, -3 })]
    [InlineData(new[] { 5, long.MaxValue })]
    public void Pairs_ThatAreNone_AreRefused(long[] pairs) => Assert.Null(LatencyHistogram.FromPairs(pairs));

    [Fact]
    public void Empty_HasNoQuantile()
    {
        Assert.Null(LatencyHistogram.Empty.Quantile(0.5));
        Assert.Equal(0, LatencyHistogram.Empty.EncodedLength);
    }

    [Fact]
    public void Encoding_TakesTwoBytesForABucket()
    {
        var histogram = LatencyHistogram.Of(Enumerable.Range(0, 1000).Select(index => TimeSpan.FromMilliseconds(1 + index % 50)));
        Assert.InRange(histogram.EncodedLength, 1, 3 * histogram.ToPairs().Length / 2);
    }

    [Fact]
    public void Recorder_HandsEachValueOutOnce_UnderConcurrency()
    {
        const int Each = 100_000;
        var recorder = new LatencyRecorder();
        var writers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var value = 0; value < Each; value++)
            {
                recorder.Record(TimeSpan.FromTicks(value));
            }
        })).ToArray();
        var taken = 0L;
        while (!Task.WhenAll(writers).IsCompleted)
        {
            taken += recorder.Take().Count;
        }

        Assert.Equal(4 * Each, taken + recorder.Take().Count);
    }
}
