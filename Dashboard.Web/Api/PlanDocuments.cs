using Dashboard.Core.Operations;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Api;

internal sealed record PlanListDocument(IReadOnlyList<PlanDocument> Plans);

/// <summary>A plan with its waves and what it watches.</summary>
/// <param name="Status">What it waits for now, in one sentence.</param>
/// <param name="Because">Why it paused or how it ended.</param>
/// <param name="Done">Instances that are through (steps, for a weight shift), of <paramref name="Total"/>.</param>
/// <param name="Wave">The wave that is under way, from 1; 0 before the first.</param>
/// <param name="HeldUntil">Weight shifts: when the hold time of the step is over.</param>
internal sealed record PlanDocument(
    long Id,
    PlanKind Kind,
    PlanState State,
    bool Open,
    bool Alarm,
    string Status,
    string? Because,
    DateTimeOffset Since,
    string By,
    string Actor,
    string? Reason,
    bool Overridden,
    DateTimeOffset RequestedAt,
    DateTimeOffset CommittedAt,
    DateTimeOffset? StartAt,
    PlanSelectionDocument Select,
    PlanPaceDocument Pace,
    PlanThresholdsDocument? Thresholds,
    ShiftDocument? Shift,
    int Done,
    int Total,
    int Wave,
    DateTimeOffset? HeldUntil,
    IReadOnlyList<PlanWaveDocument> Waves,
    IReadOnlyList<WatchReading> Watched)
{
    public static PlanDocument From(PlanView view)
    {
        var (plan, asked) = (view.Plan, view.Plan.Asked);
        return new(
            plan.Id,
            asked.Kind,
            plan.State,
            plan.IsOpen,
            view.Alarm,
            view.Status,
            plan.Because,
            plan.Since,
            plan.By,
            asked.Actor,
            asked.Reason,
            plan.Overridden,
            asked.RequestedAt,
            asked.CommittedAt,
            asked.StartAt,
            new(asked.Selection.Service, asked.Selection.Node, asked.Selection.Zone, asked.Selection.Version, asked.Selection.Instances.IsEmpty ? null : [.. asked.Selection.Instances.Select(InstanceReference.From)]),
            new(asked.Pace.WaveSize, asked.Pace.WavePercent, asked.Pace.Order, asked.Pace.Settle.TotalSeconds),
            asked.Shift is not null ? null : new(asked.Thresholds.ErrorRise * 100, asked.Thresholds.P95Ratio, asked.Thresholds.MinimumRequests, asked.Thresholds.Window.TotalSeconds),
            asked.Shift is not { } shift ? null : new(shift.From, shift.To, shift.Hold.TotalSeconds, shift.ErrorMargin * 100, shift.SlowMargin * 100, shift.MinimumRequests),
            view.Done,
            view.Total,
            plan.WaveStarts.Length,
            view.HeldUntil,
            [.. view.Waves.Select((wave, index) => new PlanWaveDocument(
                wave.Number,
                wave.State,
                wave.At,
                wave.Text,
                asked.Waves[index].Percent,
                asked.Waves[index].Node,
                [.. wave.Targets.Select(target => new PlanTargetDocument(target.Key.Service, target.Key.Id, target.State, target.Text, target.Operation))]))],
            view.Readings);
    }
}

internal sealed record PlanSelectionDocument(string? Service, string? Node, string? Zone, string? Version, IReadOnlyList<InstanceReference>? Instances);

internal sealed record PlanPaceDocument(int? WaveSize, int WavePercent, PlanOrder Order, double SettleSeconds);

/// <param name="ErrorRisePoints">Percentage points above the baseline; null: errors are not watched.</param>
/// <param name="P95Ratio">Multiple of the baseline's p95; null: latency is not watched.</param>
internal sealed record PlanThresholdsDocument(double? ErrorRisePoints, double? P95Ratio, int MinimumRequests, double WindowSeconds);

internal sealed record ShiftDocument(string From, string To, double HoldSeconds, double ErrorMarginPoints, double SlowMarginPoints, int MinimumRequests);

internal sealed record PlanWaveDocument(int Number, StageState State, DateTimeOffset? At, string Text, int? Percent, string? Node, IReadOnlyList<PlanTargetDocument> Targets);

/// <param name="Operation">The operation that the plan opened for it, while it is on the board.</param>
internal sealed record PlanTargetDocument(string Service, string Instance, TargetState State, string Text, long? Operation);
