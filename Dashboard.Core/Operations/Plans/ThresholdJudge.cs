using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Operations.Plans;

/// <summary>Whether the services that a plan touches do worse than before it: see <see cref="PlanThresholds"/>.</summary>
internal sealed class ThresholdJudge(TrafficStore traffic)
{
    /// <summary>What the baseline covers.</summary>
    public static readonly TimeSpan BaselineSpan = TimeSpan.FromMinutes(5);

    // Below this a multiple of the baseline's p95 is what any machine does now and then.
    private const double LeastRiseMs = 10;

    // What may be slower than a p95.
    private const double Tail = 0.05;

    /// <summary>What is normal for the services, up to now.</summary>
    public ImmutableArray<ServiceBaseline> Baselines(PlanDefinition plan, DateTimeOffset now) =>
        [.. plan.Services.Select(service => traffic.Sample(service, null, now - BaselineSpan, now) is var sample ? new ServiceBaseline(service, sample.Completed, sample.Failures, sample.P95Ms) : null!)];

    /// <summary>Every watched figure; empty before the first wave.</summary>
    public ImmutableArray<WatchReading> Read(Plan plan, DateTimeOffset now)
    {
        var thresholds = plan.Asked.Thresholds;
        if (plan.WaveStarts.IsEmpty || plan.Asked.Shift is not null)
            return [];

        // From the first wave on, and after a resume only what came since: what made it pause is over or was accepted. While it is paused the last window is shown, to decide by.
        var begin = plan.State == PlanState.Running && plan.Since > plan.WaveStarts[0] ? plan.Since : plan.WaveStarts[0];
        var from = now - thresholds.Window > begin ? now - thresholds.Window : begin;
        var readings = ImmutableArray.CreateBuilder<WatchReading>();
        foreach (var service in plan.Asked.Services)
        {
            var sample = traffic.Sample(service, null, from, now);
            var normal = plan.Baselines.FirstOrDefault(baseline => baseline.Service == service) ?? new(service, 0, 0, null);
            if (thresholds.ErrorRise is { } rise)
                readings.Add(Errors(service, sample, normal, rise, thresholds.MinimumRequests));
            if (thresholds.P95Ratio is { } ratio)
                readings.Add(Latency(service, sample, normal, ratio, thresholds.MinimumRequests));
        }

        return readings.ToImmutable();
    }

    private static WatchReading Errors(string service, TrafficSample sample, ServiceBaseline normal, double rise, int needed)
    {
        var limit = Math.Min(1, normal.ErrorRate + rise);
        var verdict = sample.Completed < needed ? WatchVerdict.TooFew
            : ProportionTest.Above(sample.Failures, sample.Completed, limit) > ProportionTest.Critical ? WatchVerdict.Exceeded
            : WatchVerdict.Fine;
        return new(service, WatchedFigure.Errors, sample.ErrorRate, limit, normal.ErrorRate, sample.Completed, needed, verdict, verdict == WatchVerdict.Exceeded
            ? string.Create(CultureInfo.InvariantCulture, $"{service} fails {sample.ErrorRate * 100:0.0} % of {sample.Completed} requests; before the plan it failed {normal.ErrorRate * 100:0.0} %, and up to {limit * 100:0.0} % is put up with")
            : string.Create(CultureInfo.InvariantCulture, $"up to {limit * 100:0.0} % is put up with; before the plan {normal.ErrorRate * 100:0.0} %"));
    }

    private static WatchReading Latency(string service, TrafficSample sample, ServiceBaseline normal, double ratio, int needed)
    {
        if (normal.P95Ms is not { } before)
            return new(service, WatchedFigure.Latency, sample.P95Ms, null, null, sample.Latency.Count, needed, WatchVerdict.Unknown, "nobody called it in the five minutes before, so there is nothing to compare with");

        var limit = Math.Max(before * ratio, before + LeastRiseMs);
        var verdict = sample.Latency.Count < needed ? WatchVerdict.TooFew
            : ProportionTest.Above(sample.SlowerThan(limit), sample.Latency.Count, Tail) > ProportionTest.Critical ? WatchVerdict.Exceeded
            : WatchVerdict.Fine;
        return new(service, WatchedFigure.Latency, sample.P95Ms, limit, before, sample.Latency.Count, needed, verdict, verdict == WatchVerdict.Exceeded
            ? string.Create(CultureInfo.InvariantCulture, $"{service} has a p95 of {sample.P95Ms:0.#} ms over {sample.Latency.Count} requests; before the plan it was {before:0.#} ms, and up to {limit:0.#} ms is put up with")
            : string.Create(CultureInfo.InvariantCulture, $"up to {limit:0.#} ms is put up with; before the plan {before:0.#} ms"));
    }
}
