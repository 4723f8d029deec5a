using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Live;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Plans;

/// <summary>Plans that are under way, and what came of the rest.</summary>
public sealed partial class PlansPage : LivePage
{
    private const int Recent = 100;

    private PlanView[] _open = [];
    private HistoryList<PlanView> _over = null!;

    [Inject]
    private PlanTracker Tracker { get; set; } = null!;

    [Inject]
    private IChangeHistory History { get; set; } = null!;

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        _over = new(RecentAsync, Signal, Again);
        Follow(Tracker.Feed);
    }

    protected override async Task OnInitializedAsync() => await _over.ReadAsync();

    protected override bool Concerns(RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        var plans = update.Changes.SelectMany(change => change.Changes).OfType<PlanChange>().ToArray();
        if (plans.Any(change => change.After is not { IsOpen: true }))
            _ = InvokeAsync(_over.ReadAsync);

        return plans.Length > 0;
    }

    protected override void Refresh() => _open = [.. Registry.Current.Plans.Values.OrderByDescending(plan => plan.Id).Select(Tracker.ViewOf)];

    private async Task<PlanView[]> RecentAsync() => [.. (await History.RecentPlansAsync(Recent, Closed)).Where(plan => !plan.IsOpen).Select(Tracker.ViewOf)];
}
