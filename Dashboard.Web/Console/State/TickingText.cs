using Dashboard.Web.Console.Live;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.State;

/// <summary>
/// A text that grows old by itself, like an age or a countdown. A page can hold hundreds: one of those that have changed is drawn, and takes the others with it into the same batch, so that a second costs a page one batch and
/// not one for each.
/// </summary>
public abstract class TickingText : ComponentBase, IDisposable
{
    private bool _leads;
    private bool _due;

    [Inject]
    protected ViewerClock Clock { get; set; } = null!;

    /// <summary>It reads otherwise now than it was drawn.</summary>
    internal bool IsStale => Text() != Shown;

    /// <summary>It was asked to be drawn because time went on.</summary>
    protected bool IsDue => _due;

    private string Shown { get; set; } = "";

    public void Dispose()
    {
        Clock.Remove(this);
        GC.SuppressFinalize(this);
    }

    /// <summary>Draws this one and every other that is stale. From any thread.</summary>
    internal void Lead() => _ = InvokeAsync(() =>
    {
        (_leads, _due) = (true, true);
        StateHasChanged();
    });

    /// <summary>Asks to be drawn in the batch that is being made.</summary>
    internal void Join()
    {
        if (IsStale)
        {
            Shown = Text();
            _due = true;
            StateHasChanged();
        }
    }

    protected override void OnInitialized() => Clock.Add(this);

    protected override void OnParametersSet() => Shown = Text();

    /// <summary>What it reads now.</summary>
    protected abstract string Text();

    /// <summary>What is drawn. While a batch is being made, the others can be put into it.</summary>
    protected string Draw()
    {
        _due = false;
        if (_leads)
        {
            _leads = false;
            Shown = Text();
            Clock.JoinAll();
        }

        return Shown;
    }
}
