using Dashboard.Core.Operations;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Live;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Operations;

/// <summary>What operators have under way, and what came of the rest.</summary>
public sealed partial class OperationsPage : LivePage
{
    private const int Recent = 100;

    private OperationView[] _open = [];
    private PlanView[] _plans = [];
    private HistoryList<OperationView> _over = null!;

    [Inject]
    private OperationTracker Tracker { get; set; } = null!;

    [Inject]
    private PlanTracker Plans { get; set; } = null!;

    [Inject]
    private IChangeHistory History { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        _over = new(RecentAsync, Signal, Again);
        Follow(Tracker.Feed);
        Follow(Plans.Feed);
    }

    protected override async Task OnInitializedAsync() => await _over.ReadAsync();

    protected override bool Concerns(RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (!update.Changes.Any(change => change.Changes.OfType<OperationChange>().Any()))
        {
            return false;
        }

        _ = InvokeAsync(_over.ReadAsync);
        return true;
    }

    protected override void Refresh()
    {
        _open = [.. Registry.Current.Operations.Values.OrderByDescending(operation => operation.Id).Select(Tracker.ViewOf)];
        _plans = [.. Registry.Current.Plans.Values.OrderByDescending(plan => plan.Id).Select(Plans.ViewOf)];
    }

    private async Task<OperationView[]> RecentAsync() => [.. (await History.RecentOperationsAsync(Recent, Closed)).Where(operation => !operation.IsOpen).Select(Tracker.ViewOf)];
}
