using System.Globalization;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Operations.Plans;

/// <summary>
/// Whether the new version of a shift does worse than the old one. Both are measured over the same time, from the start of the step on, at ten looks evenly spaced over the hold time, each at a level of
/// 0.1 % (so that chance alone returns a step of a good version in at most 1 of 100): by <see cref="ProportionTest.Exceeds"/> on their error rates with the error margin, and on
/// the parts of their requests that took longer than the old version's p95 with the margin of slow ones. No verdict below the least number of requests of each. Where the old version gets
/// too few in this step (at 100 % it gets none), its figures of the step before count.
/// </summary>
internal sealed class ShiftJudge(TrafficStore traffic)
{
    /// <summary>Looks within a hold time.</summary>
    public const int Looks = 10;

    /// <summary>A step that has too few requests to be judged waits for so many hold times in all.</summary>
    public const int PatienceInHolds = 10;

    // What ended at the moment of a look has been reported by then.
    private static readonly TimeSpan ReportDelay = TimeSpan.FromSeconds(2);

    /// <summary>The last look that was due.</summary>
    public ShiftReading Read(Plan plan, RegistrySnapshot snapshot, DateTimeOffset now)
    {
        var shift = plan.Asked.Shift!;
        var since = plan.WaveSince ?? now;
        var every = shift.Hold / Looks;
        var look = (int)Math.Clamp(Math.Floor((now - since - ReportDelay) / every), 0, int.MaxValue);
        // Whoever looks, and whenever, sees the same: everything up to the look's moment.
        var at = since + look * every;
        var (old, next) = (Measure(snapshot, plan, shift.From, since, at), Measure(snapshot, plan, shift.To, since, at));
        var threshold = old.Completed >= shift.MinimumRequests ? old.P95Ms : plan.Reference?.P95Ms ?? old.P95Ms;
        var measure = old.Completed >= shift.MinimumRequests || plan.Reference is null ? Figures(old, threshold) : plan.Reference;
        return new([Errors(shift, Figures(next, threshold), measure), Slow(shift, Figures(next, threshold), measure)], since + shift.Hold, look);
    }

    /// <summary>How the old version did in the step that is over, for the next one.</summary>
    public VersionFigures? Reference(Plan plan, RegistrySnapshot snapshot, DateTimeOffset now)
    {
        if (plan.WaveSince is not { } since)
            return null;

        var old = Measure(snapshot, plan, plan.Asked.Shift!.From, since, now);
        return old.Completed >= plan.Asked.Shift.MinimumRequests ? Figures(old, old.P95Ms) : null;
    }

    private TrafficSample Measure(RegistrySnapshot snapshot, Plan plan, string version, DateTimeOffset from, DateTimeOffset to)
    {
        var service = plan.Asked.Selection.Service!;
        var ids = snapshot.TryGetService(service, out var found)
            ? found.Instances.Values.Where(instance => instance.Registration.Version == version).Select(instance => instance.Id).ToHashSet(StringComparer.Ordinal)
            : [];
        return traffic.Sample(service, ids.Contains, from, to);
    }

    private static VersionFigures Figures(TrafficSample sample, double? threshold) =>
        new(sample.Completed, sample.Failures, sample.Latency.Count, threshold ?? sample.P95Ms, threshold is { } p95 ? sample.SlowerThan(p95) : 0);

    private static WatchReading Errors(ShiftSettings shift, VersionFigures next, VersionFigures old)
    {
        var (mine, theirs) = (Rate(next.Failures, next.Completed), Rate(old.Failures, old.Completed));
        var verdict = next.Completed < shift.MinimumRequests || old.Completed < shift.MinimumRequests ? WatchVerdict.TooFew
            : ProportionTest.Exceeds(next.Failures, next.Completed, old.Failures, old.Completed, shift.ErrorMargin) > ProportionTest.Critical ? WatchVerdict.Exceeded
            : WatchVerdict.Fine;
        return new(shift.To, WatchedFigure.Errors, mine, theirs + shift.ErrorMargin, theirs, Math.Min(next.Completed, old.Completed), shift.MinimumRequests, verdict, verdict == WatchVerdict.TooFew
            ? TooFew(shift, next.Completed, old.Completed)
            : string.Create(CultureInfo.InvariantCulture, $"{shift.To} fails {mine * 100:0.0} % of {next.Completed} requests, {shift.From} {theirs * 100:0.0} % of {old.Completed}; up to {Points(shift.ErrorMargin)} more is put up with"));
    }

    private static WatchReading Slow(ShiftSettings shift, VersionFigures next, VersionFigures old)
    {
        var (mine, theirs) = (Rate(next.Slow, next.Measured), Rate(old.Slow, old.Measured));
        if (next is { Measured: 0, Completed: > 0 } && old is { Measured: 0, Completed: > 0 })
            return new(shift.To, WatchedFigure.Latency, null, null, null, 0, shift.MinimumRequests, WatchVerdict.Unknown, "nobody reports how long requests take, so only errors are compared");

        var verdict = next.Measured < shift.MinimumRequests || old.Measured < shift.MinimumRequests ? WatchVerdict.TooFew
            : ProportionTest.Exceeds(next.Slow, next.Measured, old.Slow, old.Measured, shift.SlowMargin) > ProportionTest.Critical ? WatchVerdict.Exceeded
            : WatchVerdict.Fine;
        return new(shift.To, WatchedFigure.Latency, mine, theirs + shift.SlowMargin, theirs, Math.Min(next.Measured, old.Measured), shift.MinimumRequests, verdict, verdict == WatchVerdict.TooFew
            ? TooFew(shift, next.Measured, old.Measured)
            : string.Create(CultureInfo.InvariantCulture, $"{mine * 100:0.0} % of {next.Measured} requests to {shift.To} take longer than {old.P95Ms:0.#} ms, the p95 of {shift.From}, where {theirs * 100:0.0} % of its own do; up to {Points(shift.SlowMargin)} more is put up with"));
    }

    private static string Points(double margin) => string.Create(CultureInfo.InvariantCulture, $"{margin * 100:0.#} {(margin is 0.01 ? "point" : "points")}");

    private static double? Rate(long hits, long sample) => sample == 0 ? null : Math.Min(1, (double)hits / sample);

    private static string TooFew(ShiftSettings shift, long next, long old) => $"{next} requests to {shift.To} and {old} to {shift.From} so far; {shift.MinimumRequests} of each are needed to tell";
}
