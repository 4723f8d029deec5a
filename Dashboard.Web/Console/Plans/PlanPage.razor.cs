using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Live;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Plans;

/// <summary>One plan: its waves, what it watches, and the hand that steers it.</summary>
public sealed partial class PlanPage : LivePage
{
    private PlanView? _view;
    private Plan? _stored;
    private long _read;
    private bool _missing;
    private string? _fault;

    [Parameter]
    public long Id { get; set; }

    [Inject]
    private PlanTracker Tracker { get; set; } = null!;

    [Inject]
    private IChangeHistory History { get; set; } = null!;

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    private Task PauseAsync(Plan plan) => Dialogs.SteerAsync(plan, PlanSteer.Pause);

    private Task ResumeAsync(Plan plan) => Dialogs.SteerAsync(plan, PlanSteer.Resume);

    private Task CancelAsync(Plan plan) => Dialogs.SteerAsync(plan, PlanSteer.Cancel);

    private Task RollBackAsync(Plan plan) => Dialogs.SteerAsync(plan, PlanSteer.RollBack);

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Tracker.Feed, update => update.Changed.Any(view => view.Id == Id) || update.Removed.Contains(Id));
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_read != Id)
        {
            (_read, _stored, _missing, _fault) = (Id, null, false, null);
            await ReadAsync();
        }
    }

    protected override bool Concerns(RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        var mine = update.Changes.SelectMany(change => change.Changes).OfType<PlanChange>().Where(change => change.Id == Id).ToArray();
        if (mine.Length == 0)
            return false;

        // It has ended: the snapshot no longer holds it.
        if (mine[^1].After is { IsOpen: false } ended && (ended.Definition ?? _view?.Plan.Definition) is { } definition)
            _stored = ended with { Definition = definition };

        return true;
    }

    protected override void Refresh()
    {
        var plan = Registry.Current.Plans.GetValueOrDefault(Id) ?? new[] { _stored, Tracker.Feed.Current.Find(Id)?.Plan }.MaxBy(known => known?.Revision ?? 0);
        _view = plan is null ? null : Tracker.ViewOf(plan);
    }

    private async Task ReadAsync()
    {
        try
        {
            _stored = await History.FindPlanAsync(Id, Closed) ?? _stored;
            (_missing, _fault) = (_stored is null && !Registry.Current.Plans.ContainsKey(Id), null);
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception fault)
        {
            _fault = Unreadable(fault);
            Again(ReadAsync);
        }

        Refresh();
    }
}
