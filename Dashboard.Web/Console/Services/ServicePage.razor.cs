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
    private static readonly TimeSpan ShareWindow = TimeSpan.FromSeconds(60);

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

    [Parameter]
    public string Name { get; set; } = "";

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
        var intended = SharePrediction.For(service.Serving);
        var window = Window(service);
        var serving = service.Serving.Endpoints.Select(endpoint => endpoint.Id).ToHashSet(StringComparer.Ordinal);
        var rows = service.Instances.Values.Select(instance => Row(instance, service.Settings, known ? frame : null, intended, window, serving)).ToArray();
        var scale = Math.Max(rows.Select(row => row.Share is { } share ? Math.Max(share.Intended, share.Actual ?? 0) : 0).DefaultIfEmpty(0).Max(), 0.01);
        _rows = [.. rows.Select(row => row with { Scale = scale })];
        foreach (var gone in _staged.Keys.Where(id => !Past.IsPast && !service.Instances.ContainsKey(id)).ToArray())
        {
            _staged.Remove(gone);
        }
    }

    private InstanceRow Row(Instance instance, ServiceSettings settings, TrafficFrame? frame, SharePrediction intended, TrafficWindow window, HashSet<string> serving)
    {
        var share = new ShareEvidence(intended.Of(instance.Id), window.Of(instance.Id).Figures.Requests, window.Total.Requests);
        return new(
            instance,
            serving.Contains(instance.Id),
            frame is null ? null : frame.Instances.GetValueOrDefault(instance.Key) ?? new(instance.Key, default, 0, 0, InFlightComplete: !Past.IsPast, null),
            share.Intended > 0 || share.Requests > 0 ? share : null,
            _operations.FirstOrDefault(view => view.Operation.Instances.Contains(instance.Key)))
        {
            Settings = settings,
            Approximate = intended.Approximate,
            IsPast = Past.IsPast,
        };
    }

    // Shares from before the last change say nothing about the weights that are in force now.
    private TrafficWindow Window(ServiceSnapshot service)
    {
        if (Past.Mesh is { } past)
            return past.Window(service.Name, ShareWindow);

        var changes = service.Instances.Values.Select(instance => instance.Health?.Since)
            .Concat(Operations.Feed.Current.Operations.Values.Where(view => Touches(view.Operation))
                .SelectMany(view => new[] { view.Operation.CommittedAt, view.Operation.ClosedAt, view.Stages.FirstOrDefault(stage => stage.Kind == StageKind.Acknowledged)?.At }));
        var last = changes.Max();
        return last > Time.GetUtcNow() - ShareWindow ? Traffic.QuerySince(service.Name, last.Value) : Traffic.Query(service.Name, ShareWindow);
    }

    private bool Touches(Operation operation) => operation.Service == Name || operation.Instances.Any(key => key.Service == Name);

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

    private Task ShiftAsync() => Dialogs.ShiftAsync(Name);

    private Task PlanAsync() => Dialogs.PlanAsync(new PlanSelection { Service = Name });

    private int? CurrentWeight(string id) => _service?.Instances.GetValueOrDefault(id)?.Operator.Weight;

    private string? StagedText(string id) => _staged.GetValueOrDefault(id);

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
