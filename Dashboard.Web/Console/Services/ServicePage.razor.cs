using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Balancing;
using Dashboard.Core.Operations;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Services;

/// <summary>One service: its state, its instances and everything an operator does to them.</summary>
public sealed partial class ServicePage : LivePage
{
    // What was typed, by instance; empty = back to the registered weight. Nothing of it is in the registry yet.
    private readonly SortedDictionary<string, string> _staged = new(StringComparer.Ordinal);
    private ServiceSnapshot? _service;
    private MeshState _state;
    private ServiceTraffic? _traffic;
    private InstanceRow[] _rows = [];
    private OperationView[] _operations = [];
    private PlanView[] _plans = [];

    // Picked for an act on all of them. Nothing of it is in the registry.
    private readonly SortedSet<string> _picked = new(StringComparer.Ordinal);
    private bool _stagedValid = true;
    private ElementReference _stagedPanel;

    public ServicePage() => (OnPicked, OnStaged) = (EventCallback.Factory.Create<(string Id, bool Picked)>(this, Pick), EventCallback.Factory.Create<(Instance Instance, string Text)>(this, Stage));

    [Parameter]
    public string Name { get; set; } = "";

    /// <summary>A row was picked or is no longer. One for all rows and renders.</summary>
    internal EventCallback<(string Id, bool Picked)> OnPicked { get; }

    /// <summary>A weight was typed into a row.</summary>
    internal EventCallback<(Instance Instance, string Text)> OnStaged { get; }

    /// <summary>The instance whose details are open.</summary>
    [SupplyParameterFromQuery(Name = "instance")]
    private string? Chosen { get; set; }

    [Inject]
    private TrafficStore Traffic { get; set; } = null!;

    [Inject]
    private OperationTracker Operations { get; set; } = null!;

    [Inject]
    private PlanTracker Plans { get; set; } = null!;

    [Inject]
    private InstanceRows Rows { get; set; } = null!;

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Traffic.Feed);
        Follow(Plans.Feed, update => update.Changed.Any(view => view.Plan.Asked.Services.Contains(Name)) || update.Removed.Any(id => _plans.Any(view => view.Id == id)));
        Follow(Operations.Feed, update => update.Changed.Any(view => Touches(view.Operation)) || update.Removed.Any(id => _operations.Any(view => view.Id == id)));
    }

    protected override bool Concerns(RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return update.Services.Contains(Name) || update.Changes.Any(change => change.Changes.OfType<PlanChange>().Any());
    }

    protected override void Refresh()
    {
        _service = Mesh.Services.GetValueOrDefault(Name);
        if (_service is not { } service)
        {
            (_rows, _operations, _plans, _traffic) = ([], [], [], null);
            return;
        }

        var frame = Past.TrafficOf(Traffic);
        var known = frame?.FiguresOf(Name) is not null;
        _state = MeshStates.Of(service);
        // What is under way now was not then.
        _operations = Past.IsPast ? [] : [.. Operations.Feed.Current.Open.Where(view => Touches(view.Operation))];
        _plans = [.. Mesh.Plans.Values.Where(plan => plan.Asked.Services.Contains(Name)).OrderByDescending(plan => plan.Id).Select(Plans.ViewOf)];
        // What was picked or typed waits for the return from the past.
        _picked.RemoveWhere(id => !Past.IsPast && !service.Instances.ContainsKey(id));
        _traffic = known ? frame!.Services.GetValueOrDefault(Name) ?? new(Name, default, 0, 0, InFlightComplete: true, null) : null;
        _rows = Past.Mesh is { } past ? Rows.Of(service, known ? frame : null, past.Window(Name, InstanceRows.ShareWindow), _rows) : Rows.Of(service, known ? frame : null, Operations.Feed.Current, _rows);
        foreach (var gone in _staged.Keys.Where(id => !Past.IsPast && !service.Instances.ContainsKey(id)).ToArray())
        {
            _staged.Remove(gone);
        }
    }

    private bool Touches(Operation operation) => InstanceRows.Touches(operation, Name);

    private PlanSelection Picked => new() { Service = Name, Instances = [.. _picked.Select(id => new InstanceKey(Name, id))] };

    private void Pick((string Id, bool Picked) pick)
    {
        if (pick.Picked)
            _picked.Add(pick.Id);
        else
            _picked.Remove(pick.Id);
    }

    private void Unpick() => _picked.Clear();

    // Methods and not lambdas over what a render saw: a handler that every render replaces can be gone when the press arrives.
    private Task DrainPickedAsync() => Dialogs.PlanAsync(Picked, PlanKind.Drain);

    private Task MaintainPickedAsync() => Dialogs.PlanAsync(Picked, PlanKind.Maintenance);

    private Task UndrainPickedAsync() => Dialogs.PlanAsync(Picked, PlanKind.Undrain);

    // A row that has gone meanwhile is left alone.
    private Task ActAsync(RowActEventArgs pressed) => _rows.FirstOrDefault(row => row.Id == pressed.Row) is not { } row ? Task.CompletedTask : pressed.Act switch
    {
        RowActEventArgs.Drain => Dialogs.DrainAsync(row.Instance.Key, row.Settings),
        RowActEventArgs.Maintain => Dialogs.MaintainAsync(row.Instance.Key),
        RowActEventArgs.Undrain => Dialogs.UndrainAsync(row.Instance.Key),
        _ => Task.CompletedTask,
    };

    private Task ShiftAsync() => Dialogs.ShiftAsync(Name);

    private Task PlanAsync() => Dialogs.PlanAsync(new PlanSelection { Service = Name });

    private int? CurrentWeight(string id) => _service?.Instances.GetValueOrDefault(id)?.Operator.Weight;

    /// <summary>The row's details are open.</summary>
    internal bool IsChosen(string id) => id == Chosen;

    internal bool IsPicked(string id) => _picked.Contains(id);

    /// <summary>What was typed as the row's weight; null = nothing.</summary>
    internal string? StagedText(string id) => _staged.GetValueOrDefault(id);

    private void Stage((Instance Instance, string Text) typed)
    {
        var (instance, text) = (typed.Instance, typed.Text.Trim());
        if (text == (instance.Operator.Weight ?? instance.Registration.Weight).ToString(CultureInfo.InvariantCulture) || (text.Length == 0 && instance.Operator.Weight is null))
        {
            _staged.Remove(instance.Id);
        }
        else
        {
            _staged[instance.Id] = text;
        }

        _stagedValid = _staged.Values.All(staged => staged.Length == 0 || WholeNumber.Parse(staged, 0, SetWeights.MaxWeight) is not null);
    }

    private OperatorCommand? BuildWeights(ActInput input) => _staged.Count == 0 || !_stagedValid
        ? null
        : input.On(new SetWeights(Name, _staged.ToImmutableSortedDictionary(pair => pair.Key, pair => WholeNumber.Parse(pair.Value, 0, SetWeights.MaxWeight), StringComparer.Ordinal)));

    private async Task ReviewAsync() => await _stagedPanel.FocusAsync();

    private void Applied(ActOutcome outcome)
    {
        Discard();
        Dialogs.Announce(outcome);
    }

    private void Discard()
    {
        _staged.Clear();
        _stagedValid = true;
    }
}
