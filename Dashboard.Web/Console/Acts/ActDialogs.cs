using Dashboard.Core.Attention;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Plans;
using Dashboard.Web.Console.State;
using Dashboard.Web.Console.Time;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using MudBlazor;

namespace Dashboard.Web.Console.Acts;

/// <summary>Opens the dialogs of acts and tells where to follow what came of them. Scoped: one a circuit.</summary>
public sealed class ActDialogs(IDialogService dialogs, ISnackbar notices, NavigationManager navigation, PastView past, IJSRuntime js)
{
    private static readonly DialogOptions Options = new() { CloseButton = true, BackdropClick = false, CloseOnEscapeKey = true, FullWidth = true, MaxWidth = MaxWidth.Small };

    private bool _open;

    public Task DrainAsync(InstanceKey key, ServiceSettings settings) => ShowAsync<DrainDialog>(
        $"Drain {key.Id}",
        $"drain:{key}",
        new() { { dialog => dialog.Key, key }, { dialog => dialog.Settings, settings } });

    public Task UndrainAsync(InstanceKey key) => ShowAsync<UndrainDialog>($"Undrain {key.Id}", $"undrain:{key}", new() { { dialog => dialog.Key, key } });

    public Task MaintainAsync(InstanceKey key) => ShowAsync<MaintenanceDialog>($"Maintenance of {key.Id}", $"maintain:{key}", new() { { dialog => dialog.Key, key } });

    public Task DrainNodeAsync(string node) => ShowAsync<NodeDrainDialog>($"Drain node {node}", $"drain-host:{node}", new() { { dialog => dialog.Node, node } });

    public Task UndrainNodeAsync(string node) => ShowAsync<NodeUndrainDialog>($"Undrain node {node}", $"undrain-host:{node}", new() { { dialog => dialog.Node, node } });

    public Task UndoAsync(RegistryChange change) => ShowAsync<UndoDialog>($"Undo change {change.Revision}", $"undo:{change.Revision}", new() { { dialog => dialog.Change, change } });

    public Task ExtendAsync(Operation operation) => ShowAsync<ExtendDialog>("Move the deadline", $"extend:{operation.Id}", new() { { dialog => dialog.Operation, operation } });

    public Task CancelAsync(Operation operation) => ShowAsync<CancelDialog>($"Take back operation {operation.Id}", $"cancel:{operation.Id}", new() { { dialog => dialog.Operation, operation } });

    public Task ForceAsync(OperationView view) => ShowAsync<ForceDialog>($"Force operation {view.Id}", $"force:{view.Id}", new() { { dialog => dialog.View, view } });

    public Task ForgetAsync(FollowerStanding standing) => ShowAsync<ForgetDialog>($"Forget {standing.Id}", null, new() { { dialog => dialog.Standing, standing } });

    public Task ConfirmRegistryAsync(Guid generation, int instances) => ShowAsync<ConfirmRegistryDialog>(
        "Confirm the new registry",
        null,
        new() { { dialog => dialog.Generation, generation }, { dialog => dialog.Instances, instances } });

    public Task AcknowledgeAsync(Alert alert) => ShowAsync<AcknowledgeDialog>("Acknowledge", $"acknowledge:{alert.Id}", new() { { dialog => dialog.Alert, alert } });

    /// <param name="alert">What the silence begins with; null = nothing.</param>
    public Task SilenceAsync(Alert? alert) => ShowAsync<SilenceDialog>("Silence alerts", alert is null ? "silence" : $"silence:{alert.Id}", new() { { dialog => dialog.Alert, alert } });

    public Task EndMarkAsync(AlertMark mark) => ShowAsync<EndMarkDialog>(
        mark.Kind == AlertMarkKind.Silence ? "End a silence" : "Take an acknowledgement back",
        null,
        new() { { dialog => dialog.Mark, mark } });

    /// <summary>Starts a plan of drains, undrains or maintenance.</summary>
    /// <param name="selection">What it is about; null = the operator says.</param>
    public Task PlanAsync(PlanSelection? selection, PlanKind kind = PlanKind.Drain) => ShowAsync<PlanDialog>(
        selection is null ? "Plan" : $"Plan for {PlanWords.What(selection)}",
        ActLink.Of(selection),
        new() { { dialog => dialog.Selection, selection }, { dialog => dialog.Kind, kind } });

    public Task ShiftAsync(string service) => ShowAsync<ShiftDialog>($"Shift {service} to another version", $"shift:{service}", new() { { dialog => dialog.Service, service } });

    public Task SteerAsync(Plan plan, PlanSteer move) => ShowAsync<PlanSteerDialog>(
        $"{PlanSteerDialog.Verb(move, plan)} plan {plan.Id}",
        ActLink.Of(move, plan.Id),
        new() { { dialog => dialog.Plan, plan }, { dialog => dialog.Move, move } });

    /// <summary>Says that an act is in the registry and offers its operation.</summary>
    public void Announce(ActOutcome outcome)
    {
        if (!outcome.Changed)
        {
            notices.Add("Nothing to do: it is so already.", Severity.Normal);
        }
        else if (outcome.Plan is { } plan)
        {
            Announce(outcome.Command is StartPlan ? $"Written. Plan {plan} goes on by itself." : $"Written: plan {plan}.", Links.Plan(plan));
        }
        else if (outcome.Operation is { } operation)
        {
            Announce($"Written. Operation {operation} follows its effect.", Links.Operation(operation));
        }
        else
        {
            notices.Add("Written.", Severity.Normal);
        }
    }

    private void Announce(string text, string address) => notices.Add(text, Severity.Normal, options =>
    {
        options.Action = "Follow it";
        options.RequireInteraction = false;
        options.VisibleStateDuration = 10_000;
        options.OnClick = _ =>
        {
            navigation.NavigateTo(address);
            return Task.CompletedTask;
        };
    });

    // The address names what is open, without navigating: that would close it.
    private async Task NameAsync(string? link)
    {
        try
        {
            await js.InvokeVoidAsync("dashboardAct", link);
        }
        catch (Exception gone) when (gone is JSDisconnectedException or JSException or OperationCanceledException or ObjectDisposedException)
        {
            // The browser has gone, or has an older script: it is only the address.
        }
    }

    /// <param name="link">What stands for it in an address, see <see cref="ActLink"/>; null = nothing.</param>
    private async Task ShowAsync<TDialog>(string title, string? link, DialogParameters<TDialog> parameters)
        where TDialog : IComponent
    {
        // The pages offer no act then; whoever reaches one all the same is refused here.
        if (past.IsPast)
        {
            notices.Add(PastView.ActingIsOff, Severity.Warning);
            return;
        }

        // A button that is pressed twice opens one dialog.
        if (_open)
        {
            return;
        }

        _open = true;
        try
        {
            var dialog = await dialogs.ShowAsync<TDialog>(title, parameters, Options);
            if (link is not null)
                _ = NameAsync(link);
            if (await dialog.Result is { Canceled: false, Data: ActOutcome outcome })
            {
                Announce(outcome);
            }
        }
        finally
        {
            _open = false;
            if (link is not null)
                _ = NameAsync(null);
        }
    }
}
