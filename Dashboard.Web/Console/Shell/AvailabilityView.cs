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

    private void Look()
    {
        var available = Registry.Availability.IsAvailable;
        if (available != _seenAvailable)
        {
            _seenAvailable = available;
            Signal();
        }
    }
}
