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
    private PlanView[]? _over;
    private string? _fault;
    private int _reading;

    [Inject]
    private PlanTracker Tracker { get; set; } = null!;

    [Inject]
    private IChangeHistory History { get; set; } = null!;

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Tracker.Feed);
    }

    protected override async Task OnInitializedAsync() => await ReadAsync();

    protected override bool Concerns(RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        var plans = update.Changes.SelectMany(change => change.Changes).OfType<PlanChange>().ToArray();
        if (plans.Any(change => change.After is not { IsOpen: true }))
            _ = InvokeAsync(ReadAsync);

        return plans.Length > 0;
    }

    protected override void Refresh() => _open = [.. Registry.Current.Plans.Values.OrderByDescending(plan => plan.Id).Select(Tracker.ViewOf)];

    // One query at a time; what changed while it ran is read by another one after it.
    private async Task ReadAsync()
    {
        if (_reading++ > 0)
            return;

        try
        {
            int seen;
            do
            {
                seen = _reading;
                var recent = await History.RecentPlansAsync(Recent, Closed);
                _over = [.. recent.Where(plan => !plan.IsOpen).Select(Tracker.ViewOf)];
                _fault = null;
            }
            while (seen != _reading);
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception fault)
        {
            _fault = $"The history cannot be read now: {fault.Message}";
        }
        finally
        {
            _reading = 0;
        }

        Signal();
    }
}
