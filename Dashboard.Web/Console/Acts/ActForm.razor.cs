using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.Shell;
using Dashboard.Web.Console.Time;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Acts;

/// <summary>
/// The one way by which a page changes anything: shows what the act would do while it is being prepared, the guard's verdict and what others changed meanwhile,
/// takes the reason and carries it out. Nothing on the page changes before the feed says so.
/// </summary>
public sealed partial class ActForm : LivePage
{
    private Actor? _actor;
    private OperationPreview? _preview;
    private long _expected;
    private string? _reason;
    private bool _override;
    private bool _rebasable;
    private bool _consequences;
    private bool _busy;
    private string? _fault;

    [Inject]
    private OperatorDesk Desk { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    /// <summary>Makes the command of what stands in the form; null while that cannot be one.</summary>
    [Parameter, EditorRequired]
    public Func<ActInput, RegistryCommand?> Command { get; set; } = _ => null;

    /// <summary>What the button says that carries it out.</summary>
    [Parameter, EditorRequired]
    public string Confirm { get; set; } = "";

    /// <summary>It takes traffic away: its button is not the form's default, so that Enter in a field does nothing.</summary>
    [Parameter]
    public bool Danger { get; set; }

    /// <summary>It is not carried out without a reason, guard or not.</summary>
    [Parameter]
    public bool RequireReason { get; set; }

    /// <summary>What overriding the guard means, where that is not fewer serving instances.</summary>
    [Parameter]
    public string OverrideText { get; set; } = "The service is left with fewer serving instances than its settings demand. The override and its reason are kept in the audit.";

    [Parameter]
    public string CancelText { get; set; } = "Cancel";

    [Parameter]
    public EventCallback<ActOutcome> Done { get; set; }

    [Parameter]
    public EventCallback Cancelled { get; set; }

    /// <summary>Fields of the act itself, above the preview.</summary>
    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    private bool Destructive => Danger || _override;

    private bool GuardRefuses => _preview?.Refusal is { Kind: RefusalKind.Guard };

    private bool NeedsReason => RequireReason || GuardRefuses || _override;

    private bool ReasonMissing => (RequireReason || _override) && string.IsNullOrWhiteSpace(_reason);

    /// <summary>Why the button is off.</summary>
    private string? Why => _busy ? null
        : Past.IsPast ? PastView.ActingIsOff
        : ReasonMissing && _override ? "An override needs a reason."
        : ReasonMissing && !GuardRefuses ? "It needs a reason."
        : GuardRefuses ? "The guard refuses. Tick its override and give a reason to do it all the same."
        : _preview is { NoChange: true } ? "There is nothing to do."
        : null;

    private bool CanApply => !_busy && !Past.IsPast && !ReasonMissing && _preview is { NoChange: false, Refusal: null };

    protected override void OnInitialized()
    {
        _expected = Registry.Current.Revision;
        base.OnInitialized();
    }

    protected override async Task OnInitializedAsync()
    {
        _actor = await Viewer.FindActorAsync();
        _fault = _actor is null ? "You are signed out. Reload the page and sign in again." : null;
        Refresh();
    }

    protected override void Refresh()
    {
        var command = Command(Input());
        _rebasable = command is OperatorCommand { ExpectedRevision: not null };

        // Steering a drain moves no traffic and asks nothing of a data plane.
        _consequences = command is OperatorCommand;
        _preview = _actor is not null && command is not null ? Desk.Preview(command, _actor) : null;
    }

    private ActInput Input() => new(string.IsNullOrWhiteSpace(_reason) ? null : _reason.Trim(), _override, _expected);

    private void ReasonChanged(string text)
    {
        _reason = text;
        Refresh();
    }

    private void OverrideChanged(ChangeEventArgs args)
    {
        _override = args.Value is true;
        Refresh();
    }

    private void LookAgain()
    {
        _expected = Registry.Current.Revision;
        _fault = null;
        Refresh();
    }

    // Enter in a field submits the form: what takes traffic away must be pressed.
    private Task SubmittedAsync() => Destructive ? Task.CompletedTask : ApplyAsync();

    private Task PressedAsync() => Destructive ? ApplyAsync() : Task.CompletedTask;

    private async Task ApplyAsync()
    {
        if (!CanApply || _actor is null || Command(Input()) is not { } command)
        {
            return;
        }

        _busy = true;
        _fault = null;
        try
        {
            // A page that is left does not take the act back, and neither does the wait for it.
            switch (await Desk.ExecuteAsync(command, _actor, CancellationToken.None))
            {
                case CommandResult.Committed committed:
                    await Done.InvokeAsync(new(committed.Operation, committed.Change is not null, command)
                    {
                        Plan = committed.Change?.Changes.OfType<PlanChange>().Select(change => (long?)change.Id).LastOrDefault(),
                    });
                    break;
                case CommandResult.Refused { Refusal: { Kind: RefusalKind.Stale or RefusalKind.Guard } refusal }:
                    // The preview shows the same refusal with its facts as soon as the feed has brought what decided it.
                    _fault = $"Not done. {refusal.Message}";
                    break;
                case CommandResult.Refused refused:
                    _fault = $"Not done. {refused.Refusal.Message}";
                    break;
                case CommandResult.Unavailable away:
                    _fault = $"Not done: the registry's database is away ({away.Because}). Nothing was changed; try again when it is back.";
                    break;
                default:
                    _fault = "Not done.";
                    break;
            }
        }
        finally
        {
            _busy = false;
            Refresh();
        }
    }
}
