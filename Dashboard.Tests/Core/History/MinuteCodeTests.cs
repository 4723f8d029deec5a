using System.Collections.Immutable;
using CsCheck;
using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Tests.Core.History;

public sealed class MinuteCodeTests
{
    private static readonly DateTimeOffset Minute = new(2026, 11, 23, 9, 41, 0, TimeSpan.Zero);

    private static readonly Gen<double?> Quantile = Gen.Int[-1, LatencyBuckets.Count - 1].Select(bucket => bucket < 0 ? (double?)null : LatencyBuckets.Representative(bucket).TotalMilliseconds);

    private static readonly Gen<ServiceMinute> Minutes = Gen.Select(
        Gen.Int[0, 59],
        Gen.Select(Gen.Int[0, 30], Gen.Select(Gen.Long[0, 1_000_000], Gen.Long[1, 1_000_000], Gen.Long[0, 1_000], Quantile)).Array[0, 20],
        Gen.Select(Gen.Int[0, LatencyBuckets.Count - 1], Gen.Int[1, 100_000]).Array[0, 60],
        Gen.Long[0, 5_000],
        (unknown, rows, latencies, open) =>
        {
            var counts = new long[LatencyBuckets.Count];
            foreach (var (bucket, count) in latencies)
                counts[bucket] += count;
            var figures = rows.DistinctBy(row => row.Item1).OrderBy(row => $"caller-{row.Item1}", StringComparer.Ordinal).Select(row => (Name: $"caller-{row.Item1}", Figures: new TrafficFigures(
                row.Item2.Item1, row.Item2.Item2, row.Item2.Item3, ServiceMinute.Rate(row.Item2.Item1, 60 - unknown), row.Item2.Item4, row.Item2.Item4, row.Item2.Item4))).ToArray();
            return new ServiceMinute
            {
                Service = "orders.shop",
                Minute = Minute,
                UnknownSeconds = unknown,
                Requests = figures.Sum(row => row.Figures.Requests),
                Completed = figures.Sum(row => row.Figures.Completed),
                Failures = figures.Sum(row => row.Figures.Failures),
                Latency = LatencyHistogram.FromCounts(counts),
                Callers = [.. figures.Select(row => new EdgeTraffic(new(row.Name, "orders.shop"), row.Figures, Minute.AddMinutes(1)))],
                Instances = [.. figures.Select(row => new InstanceTraffic(new InstanceKey("orders.shop", row.Name), row.Figures, open, open / 2, open % 2 == 0, row.Figures.Requests > 0 ? Minute.AddMinutes(1) : null))],
            };
        });

    [Fact]
    public void What_is_stored_is_read_again_as_it_was() => Minutes.Sample(minute =>
    {
        var read = MinuteCode.Decode(minute.Service, minute.Minute, minute.UnknownSeconds, minute.Requests, MinuteCode.Encode(minute));

        Assert.Equal(minute.Callers.AsEnumerable(), read.Callers);
        Assert.Equal(minute.Instances.AsEnumerable(), read.Instances);
        Assert.Equal(minute.Figures, read.Figures);
        Assert.Equal(minute.Latency.ToPairs().AsEnumerable(), read.Latency.ToPairs());
        Assert.Equal((minute.UnknownSeconds, minute.Failures), (read.UnknownSeconds, read.Failures));
    });

    [Fact]
    public void Bytes_that_end_early_or_are_of_a_later_version_are_refused() => Minutes.Sample(minute =>
    {
        var stored = MinuteCode.Encode(minute);

        Assert.Throws<InvalidDataException>(() => MinuteCode.Decode(minute.Service, minute.Minute, 0, 0, stored.AsSpan(0, stored.Length - 1)));
        stored[0] = 2;
        Assert.Contains("version 2", Assert.Throws<InvalidDataException>(() => MinuteCode.Decode(minute.Service, minute.Minute, 0, 0, stored)).Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_minute_without_traffic_takes_a_few_bytes() =>
        Assert.True(MinuteCode.Encode(new() { Service = "idle", Minute = Minute }).Length <= 8);
}
