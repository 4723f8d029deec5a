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
    private OperationView[]? _over;
    private string? _fault;
    private int _reading;

    [Inject]
    private OperationTracker Tracker { get; set; } = null!;

    [Inject]
    private PlanTracker Plans { get; set; } = null!;

    [Inject]
    private IChangeHistory History { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Tracker.Feed);
        Follow(Plans.Feed);
    }

    protected override async Task OnInitializedAsync() => await ReadAsync();

    protected override bool Concerns(RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (!update.Changes.Any(change => change.Changes.OfType<OperationChange>().Any()))
        {
            return false;
        }

        _ = InvokeAsync(ReadAsync);
        return true;
    }

    protected override void Refresh()
    {
        _open = [.. Registry.Current.Operations.Values.OrderByDescending(operation => operation.Id).Select(Tracker.ViewOf)];
        _plans = [.. Registry.Current.Plans.Values.OrderByDescending(plan => plan.Id).Select(Plans.ViewOf)];
    }

    // One query at a time; what changed while it ran is read by another one after it.
    private async Task ReadAsync()
    {
        if (_reading++ > 0)
        {
            return;
        }

        try
        {
            int seen;
            do
            {
                seen = _reading;
                var recent = await History.RecentOperationsAsync(Recent, Closed);
                _over = [.. recent.Where(operation => !operation.IsOpen).Select(Tracker.ViewOf)];
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
