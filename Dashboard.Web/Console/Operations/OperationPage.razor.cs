using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Operations;

/// <summary>One operation from the request to the proof of its effect.</summary>
public sealed partial class OperationPage : LivePage
{
    private OperationView? _view;
    private Operation? _stored;
    private RegistryChange? _change;
    private long _read;
    private bool _missing;
    private string? _fault;

    [Parameter]
    public long Id { get; set; }

    [Inject]
    private OperationTracker Tracker { get; set; } = null!;

    [Inject]
    private IChangeHistory History { get; set; } = null!;

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Tracker.Feed, update => update.Changed.Any(view => view.Id == Id) || update.Removed.Contains(Id));
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_read != Id)
        {
            (_read, _stored, _change, _missing, _fault) = (Id, null, null, false, null);
            await ReadAsync();
        }
    }

    protected override bool Concerns(RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (!update.Changes.Any(change => change.Changes.OfType<OperationChange>().Any(operation => operation.Id == Id)))
        {
            // A maintenance that lasts can be renewed or ended by others.
            return _view?.BackAt is not null && update.Changes.Any(change => change.Changes.OfType<OperatorChange>().Any(changed => _view.Operation.Instances.Contains(changed.Key)));
        }

        // It may have ended: the snapshot then no longer holds it.
        if (update.Changes.SelectMany(change => change.Changes).OfType<OperationChange>().LastOrDefault(operation => operation.Id == Id)?.After is { } after)
        {
            _stored = after;
        }

        return true;
    }

    protected override void Refresh()
    {
        var operation = Registry.Current.Operations.GetValueOrDefault(Id) ?? _stored ?? Tracker.Feed.Current.Find(Id)?.Operation;
        _view = operation is null ? null : Tracker.ViewOf(operation);

        // The tracker hears of a change a moment after the registry.
        if (_view is not null && operation is { IsOpen: false } && _view.Operation.IsOpen)
        {
            _view = _view with { Operation = operation };
        }
    }

    private static string DeadlineText(DeadlineAction action) => action switch
    {
        DeadlineAction.Force => "what is still open is cut",
        DeadlineAction.Undrain => "it goes back into service",
        _ => "it keeps draining and raises the alarm",
    };

    private static MeshState Verdict(ObservedTarget target) => target.Agrees switch
    {
        true => MeshState.Healthy,
        false => MeshState.Unhealthy,
        _ => MeshState.Unknown,
    };

    private async Task ReadAsync()
    {
        try
        {
            _stored = await History.FindOperationAsync(Id, Closed) ?? _stored;
            _change = await History.FindAsync(Id, Closed);
            (_missing, _fault) = (_stored is null && !Registry.Current.Operations.ContainsKey(Id), null);
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
