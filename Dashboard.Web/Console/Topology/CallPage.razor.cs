using Dashboard.Core.Traffic;
using Dashboard.Web.Console.Live;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Topology;

/// <summary>What one service sends another: its figures now or at the moment that is looked at, and over time.</summary>
public sealed partial class CallPage : LivePage
{
    private TrafficFigures? _figures;
    private bool _targetKnown;
    private bool _callerKnown;
    private bool _trafficKnown;

    /// <summary>Who is called.</summary>
    [Parameter]
    public string Name { get; set; } = "";

    /// <summary>Who calls: a service, or a word of <see cref="TrafficSource"/>.</summary>
    [Parameter]
    public string Source { get; set; } = "";

    [Inject]
    private TrafficStore Traffic { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Traffic.Feed);
    }

    protected override bool Concerns(Core.Registry.RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return update.Services.Contains(Name) || update.Services.Contains(Source);
    }

    protected override void Refresh()
    {
        var frame = Past.TrafficOf(Traffic);
        (_targetKnown, _callerKnown) = (Mesh.Services.ContainsKey(Name), Mesh.Services.ContainsKey(Source));
        _trafficKnown = frame is not null;
        _figures = frame is not null && frame.Edges.TryGetValue(new(Source, Name), out var call) ? call.Figures : null;
    }
}
