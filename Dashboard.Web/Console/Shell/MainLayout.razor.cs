using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.State;
using Dashboard.Web.Console.Time;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.JSInterop;
using MudBlazor;

namespace Dashboard.Web.Console.Shell;

/// <summary>What is around every page: navigation, the registry's state, theme, keys.</summary>
public sealed partial class MainLayout
{
    // Finished markup: a component for each would cost every circuit some 2 KB.
    private static readonly MarkupString SearchIcon = StateMarkup.Icon(Icons.Material.Outlined.Search);
    private static readonly MarkupString HistoryIcon = StateMarkup.Icon(Icons.Material.Outlined.History);
    private static readonly MarkupString KeyboardIcon = StateMarkup.Icon(Icons.Material.Outlined.Keyboard);
    private static readonly MarkupString LogoutIcon = StateMarkup.Icon(Icons.Material.Outlined.Logout);
    private static readonly MarkupString LightIcon = StateMarkup.Icon(Icons.Material.Outlined.LightMode);
    private static readonly MarkupString DarkIcon = StateMarkup.Icon(Icons.Material.Outlined.DarkMode);
    private static readonly MarkupString SystemIcon = StateMarkup.Icon(Icons.Material.Outlined.BrightnessAuto);

    private readonly DotNetObjectReference<MainLayout> _self;
    private ErrorBoundary? _boundary;
    private IJSObjectReference? _module;
    private IJSObjectReference? _shell;
    private bool _dark;
    private string _theme = "system";
    private bool _dialogOpen;
    private TimeBar? _time;

    /// <summary>The act that the address asked for, until its dialog is opened.</summary>
    private string? _act;

    public MainLayout() => _self = DotNetObjectReference.Create(this);

    private string ThemeLabel => _theme switch
    {
        "light" => "Theme: light. Switch to dark",
        "dark" => "Theme: dark. Switch to the system's",
        _ => "Theme: the system's. Switch to light",
    };

    private MarkupString ThemeIcon => _theme switch
    {
        "light" => LightIcon,
        "dark" => DarkIcon,
        _ => SystemIcon,
    };

    protected override void OnInitialized() => Past.Changed += OnPast;

    protected override void OnParametersSet() => _boundary?.Recover();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            await FollowActAsync();
            return;
        }

        try
        {
            _module = await Js.InvokeAsync<IJSObjectReference>("import", "/" + Assets["console/shell.js"]);
            if (_module is not null)
            {
                _shell = await _module.InvokeAsync<IJSObjectReference>("start", _self);
            }
        }
        catch (JSException)
        {
            // The script did not arrive: the page works without its keys and theme switch, and the next load brings them.
        }

        await FollowActAsync();
    }

    // A link to an opened dialog. The address is put right first, and the dialog opened by the render that follows: a navigation closes dialogs.
    private async Task FollowActAsync()
    {
        if (System.Web.HttpUtility.ParseQueryString(new Uri(Navigation.Uri).Query)[ActLink.Parameter] is { Length: > 0 } act)
        {
            if (act != _act)
            {
                _act = act;
                Navigation.NavigateTo(Navigation.GetUriWithQueryParameter(ActLink.Parameter, (string?)null), replace: true);
            }
        }
        else if (_act is { } asked)
        {
            _act = null;
            if (await Acts.OpenAsync(asked) is { } why)
                Notices.Add(why, Severity.Warning);
        }
    }

    /// <summary>The browser tells its time zone once.</summary>
    [JSInvokable]
    public void ZoneKnown(string? zone) => Clock.SetZone(zone);

    /// <summary>The theme was chosen, here or in another tab, or the system's has changed.</summary>
    [JSInvokable]
    public void ThemeChanged(string choice, bool dark)
    {
        (_theme, _dark) = (choice, dark);
        StateHasChanged();
    }

    /// <summary>A key that belongs to the shell was pressed outside of a field.</summary>
    [JSInvokable]
    public Task KeyPressed(string key) => key switch
    {
        "help" => HelpAsync(),
        "jump" => JumpAsync(),
        _ => PressTimeAsync(key),
    };

    public async ValueTask DisposeAsync()
    {
        Past.Changed -= OnPast;
        try
        {
            if (_shell is not null)
            {
                await _shell.InvokeVoidAsync("stop");
                await _shell.DisposeAsync();
            }

            if (_module is not null)
            {
                await _module.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The browser is gone, and its listeners with it.
        }

        _self.Dispose();
    }

    private Task PressTimeAsync(string key)
    {
        _time?.Press(key);
        return Task.CompletedTask;
    }

    private void OnPast() => _ = InvokeAsync(StateHasChanged);

    private async Task NextThemeAsync()
    {
        if (_shell is not null)
        {
            await _shell.InvokeVoidAsync("choose", _theme switch { "system" => "light", "light" => "dark", _ => "system" });
        }
    }

    private Task HelpAsync() => ShowAsync<KeysDialog>("Keys", KeysHereAsync);

    private async Task<DialogParameters> KeysHereAsync()
    {
        try
        {
            return _shell is not null && await _shell.InvokeAsync<KeysHere?>("keysHere") is { } here ? new DialogParameters<KeysDialog> { { dialog => dialog.Here, here } } : [];
        }
        catch (JSException)
        {
            // An older script is still in the browser: the keys that work everywhere are listed all the same.
            return [];
        }
    }

    private Task JumpAsync() => ShowAsync<JumpDialog>("Jump to");

    // A key that repeats must not pile up dialogs.
    private async Task ShowAsync<TDialog>(string title, Func<Task<DialogParameters>>? ask = null)
        where TDialog : IComponent
    {
        if (_dialogOpen)
        {
            return;
        }

        _dialogOpen = true;
        try
        {
            var parameters = ask is null ? [] : await ask();
            var dialog = await Dialogs.ShowAsync<TDialog>(title, parameters, new DialogOptions { CloseButton = true, BackdropClick = true, CloseOnEscapeKey = true, FullWidth = true, MaxWidth = MaxWidth.Small });
            await dialog.Result;
        }
        finally
        {
            _dialogOpen = false;
        }
    }
}
