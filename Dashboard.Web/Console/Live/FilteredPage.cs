using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Live;

/// <summary>A live page whose filters are in its address: a link shows what its sender saw, and going back does not undo them one by one.</summary>
public abstract class FilteredPage : LivePage
{
    [Inject]
    protected NavigationManager Navigation { get; set; } = null!;

    /// <summary>Sets one of the address's filters.</summary>
    /// <param name="value">What a field or a choice says; nothing, or no text, takes the filter out of the address.</param>
    protected void Filter(string name, object? value) =>
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter(name, value as string is { Length: > 0 } text ? text : null), replace: true);
}
