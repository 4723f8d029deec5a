using Dashboard.Core.Attention;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Dashboard.Web.Console.Attention;

/// <summary>How many alerts ask for attention, on every page and in the tab's title; what is new and critical is said to screen readers.</summary>
public sealed partial class AlertBell : LivePage
{
    private static readonly MarkupString Ringing = StateMarkup.Icon(MudBlazor.Icons.Material.Filled.Notifications);
    private static readonly MarkupString Quiet = StateMarkup.Icon(MudBlazor.Icons.Material.Outlined.Notifications);

    // What was critical before the page came is in the counts; what comes is said.
    private HashSet<string>? _known;
    private IJSObjectReference? _module;
    private int _critical;
    private int _warnings;
    private int _told = -1;
    private string _said = "";

    [Inject]
    private AttentionBoard Board { get; set; } = null!;

    [Inject]
    private IJSRuntime Js { get; set; } = null!;

    private string Label => (_critical, _warnings) switch
    {
        (0, 0) => "Alerts: none",
        (var critical, 0) => $"Alerts: {Format.Count(critical)} critical",
        (0, var warnings) => $"Alerts: {Format.Plural(warnings, "warning")}",
        var (critical, warnings) => $"Alerts: {Format.Count(critical)} critical, {Format.Plural(warnings, "warning")}",
    };

    protected override object Drawn => (_critical, _warnings, _said);

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Board.Feed);
    }

    protected override bool Concerns(RegistryUpdate update) => false;

    protected override void Refresh()
    {
        var board = Board.Feed.Current;
        (_critical, _warnings) = (board.LoudCritical, board.Loud - board.LoudCritical);
        var critical = board.Alerts.Where(alert => alert is { IsLoud: true, Severity: AlertSeverity.Critical }).ToArray();
        if (_known is not null && critical.Where(alert => !_known.Contains(alert.Id)).ToArray() is { Length: > 0 } fresh)
            _said = fresh.Length == 1 ? $"Critical alert: {fresh[0].Finding.Summary}" : $"{fresh.Length} new critical alerts, the first: {fresh[0].Finding.Summary}";
        _known = [.. critical.Select(alert => alert.Id)];
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        try
        {
            if (firstRender)
                _module = await Js.InvokeAsync<IJSObjectReference>("import", "/" + Assets["console/attention.js"]);

            if (_module is not null && _told != _critical + _warnings)
            {
                _told = _critical + _warnings;
                await _module.InvokeVoidAsync("count", _told);
            }
        }
        catch (Exception failure) when (failure is JSException or JSDisconnectedException or OperationCanceledException)
        {
            // The script did not arrive, or the browser is gone: the bell counts all the same.
        }
    }

    protected override async ValueTask DisposeAsyncCore()
    {
        try
        {
            if (_module is not null)
                await _module.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The browser is gone, and its title with it.
        }
    }
}
