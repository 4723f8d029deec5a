using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Dashboard.Web.Console.Shell;

/// <summary>One entry of the navigation.</summary>
/// <param name="Key">Pressed after <c>g</c> it goes there.</param>
internal sealed record Place(string Name, string Address, string Icon, char Key)
{
    /// <summary>The icon as it is drawn.</summary>
    public MarkupString Drawn { get; } = StateMarkup.Icon(Icon);

    /// <summary>Where there is no room for the name.</summary>
    public string Short { get; init; } = Name;
}

internal static class Places
{
    public static readonly Place[] All =
    [
        new("Topology", "/", Icons.Material.Outlined.Hub, 't'),
        new("Services", "/services", Icons.Material.Outlined.Dns, 's'),
        new("Nodes", "/nodes", Icons.Material.Outlined.Memory, 'n'),
        new("Data planes", "/data-planes", Icons.Material.Outlined.Lan, 'd') { Short = "Planes" },
        new("Operations", "/operations", Icons.Material.Outlined.PublishedWithChanges, 'o'),
        new("Activity", "/activity", Icons.Material.Outlined.History, 'a'),
    ];
}
