using Dashboard.Core.Registry;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Services;

/// <summary>What the parts of an instance's row are called, and where they lead: the same for as long as there is the instance, and for all who look at it.</summary>
public sealed class InstanceLabels(InstanceKey key)
{
    public InstanceKey Key => key;

    public string Pick { get; } = $"Pick {key.Id}";

    public string Weight { get; } = $"Weight of {key.Id}";

    /// <summary>Opens its details.</summary>
    public string Link { get; } = Links.Instance(key);

    /// <summary>The line of its last minute: it draws itself, and must not be drawn anew with the figures beside it.</summary>
    public MarkupString Line { get; } = new($"<rps-sparkline service=\"{StateMarkup.Encoded(key.Service)}\" instance=\"{StateMarkup.Encoded(key.Id)}\" aria-label=\"Requests per second of {StateMarkup.Encoded(key.Id)} over the last minute\"></rps-sparkline>");
}
