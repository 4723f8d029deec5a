using Dashboard.Web.Console.Live;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Shell;

/// <summary>Shows whether the registry can be written. Availability has no feed of its own, so it is looked at each second.</summary>
public abstract class AvailabilityView : LivePage
{
    private bool _seenAvailable = true;

    [Inject]
    protected ViewerClock Clock { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Clock.Tick += Look;
    }

    protected override ValueTask DisposeAsyncCore()
    {
        Clock.Tick -= Look;
        return ValueTask.CompletedTask;
    }

    /// <summary>Whether something that no feed tells is different now. Called each second.</summary>
    protected virtual bool HasChanged()
    {
        var available = Registry.Availability.IsAvailable;
        var changed = available != _seenAvailable;
        _seenAvailable = available;
        return changed;
    }

    private void Look()
    {
        if (HasChanged())
        {
            Signal();
        }
    }
}
