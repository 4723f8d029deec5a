using Bunit;
using Dashboard.Web.Console.Shell;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;

namespace Dashboard.Tests.Web.Console;

public sealed class KeysDialogTests
{
    [Fact]
    public async Task It_lists_the_keys_that_have_something_to_act_on()
    {
        await using var context = new ConsoleContext();
        var dialogs = context.RenderDialogs();

        await ShowAsync(context, dialogs, new(Search: false, Table: false, Graph: false));
        Assert.DoesNotContain("Search on this page", dialogs.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain("Graph or table", dialogs.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain("In the graph", dialogs.Text(), StringComparison.Ordinal);
        Assert.Contains("Look back in time: a minute ago", dialogs.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain("Back to now", dialogs.Text(), StringComparison.Ordinal);
        Assert.Contains("g then a", dialogs.Text(), StringComparison.Ordinal);

        await ShowAsync(context, dialogs, new(Search: true, Table: true, Graph: false));
        Assert.Contains("Search on this page", dialogs.Text(), StringComparison.Ordinal);
        Assert.Contains("Graph or table", dialogs.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain("In the graph", dialogs.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_the_past_it_lists_the_keys_of_time()
    {
        await using var context = new ConsoleContext();
        context.Services.GetRequiredService<NavigationManager>().NavigateTo("/services?at=2026-11-23T09:04:00Z");
        var dialogs = context.RenderDialogs();

        await ShowAsync(context, dialogs, new(Search: true, Table: false, Graph: false));

        Assert.Contains("Back to now", dialogs.Text(), StringComparison.Ordinal);
        Assert.Contains("To the change before, after", dialogs.Text(), StringComparison.Ordinal);
    }

    private static async Task ShowAsync(ConsoleContext context, IRenderedComponent<MudDialogProvider> dialogs, KeysHere here)
    {
        await dialogs.InvokeAsync(() => dialogs.Instance.DismissAll());
        await dialogs.InvokeAsync(() => context.Services.GetRequiredService<IDialogService>().ShowAsync<KeysDialog>("Keys", new DialogParameters<KeysDialog> { { dialog => dialog.Here, here } }));
        dialogs.WaitForAssertion(() => Assert.Contains("Everywhere", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }
}
