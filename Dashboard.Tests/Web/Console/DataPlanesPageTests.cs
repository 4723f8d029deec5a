using Bunit;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Planes;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Console;

public sealed class DataPlanesPageTests
{
    [Fact]
    public async Task Nobody_follows_yet_and_the_page_says_how_to()
    {
        await using var context = new ConsoleContext();

        var page = context.Render<DataPlanesPage>();

        Assert.Contains("Nobody follows", page.Text(), StringComparison.Ordinal);
        Assert.Contains("X-Mesh-Client", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_is_shown_with_its_state_and_the_states_are_counted()
    {
        await using var context = new ConsoleContext();
        var followers = Follow(context);

        var page = context.Render<DataPlanesPage>();

        var rows = page.FindAll("tbody tr").Select(row => Finding.Flat(row.TextContent)).ToArray();
        Assert.Contains(rows, row => row.StartsWith("dns:10.0.0.9 DNS client · 10.0.0.9", StringComparison.Ordinal) && row.Contains("Cannot confirm", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.StartsWith("envoy-1", StringComparison.Ordinal) && row.Contains("Refused", StringComparison.Ordinal));
        Assert.Contains("Refused revision 2: unknown field “foo”", page.Text(), StringComparison.Ordinal);
        Assert.Contains("1 silent", page.Text(), StringComparison.Ordinal);
        Assert.NotNull(followers.Find("gateway-1"));
        // What needs a look comes first.
        Assert.StartsWith("envoy-1", rows[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?state=cannotConfirm", "dns:10.0.0.9")]
    [InlineData("?kind=gateway", "gateway-1")]
    [InlineData("?q=10.0.0.9", "dns:10.0.0.9")]
    [InlineData("?service=nothing", "envoy-1 gateway-1")]
    public async Task Filters_are_taken_from_the_address(string query, string ids)
    {
        await using var context = new ConsoleContext();
        Follow(context);
        context.Services.GetRequiredService<NavigationManager>().NavigateTo("/data-planes" + query);

        var page = context.Render<DataPlanesPage>();

        Assert.Equal(ids.Split(' '), page.FindAll("tbody th[scope=row] a").Select(link => link.TextContent).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_filter_that_is_chosen_is_kept_in_the_address()
    {
        await using var context = new ConsoleContext();
        Follow(context);
        var page = context.Render<DataPlanesPage>();

        await page.ChooseAsync("State", "silent");

        Assert.EndsWith("?state=silent", context.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forgetting_asks_for_a_reason_and_an_open_drain_stops_waiting()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var followers = Follow(context);
        var drain = Assert.IsType<CommandResult.Committed>(context.Bob(new DrainInstance(new("cart", "cart-2")) { Followers = ["watcher"], Reason = "test" })).Operation!.Value;
        var dialogs = context.RenderDialogs();
        var page = context.Render<DataPlanesPage>();
        page.WaitForAssertion(() => Assert.Contains($"waited for by operation {drain}", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);

        await page.PressAsync("Forget watcher");
        dialogs.WaitForAssertion(() => Assert.Contains($"1 operation stops waiting for it: {drain}", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.True(dialogs.Button("Forget it").HasAttribute("disabled"));
        await dialogs.TypeAsync("Reason", "its host was scrapped");
        dialogs.WaitForAssertion(() => Assert.False(dialogs.Button("Forget it").HasAttribute("disabled")), ConsoleContext.Patience);
        await dialogs.PressAsync("Forget it");

        page.WaitForAssertion(() => Assert.Null(followers.Find("watcher")), ConsoleContext.Patience);
        Assert.Empty(context.Registry.Current.Operations[drain].Followers);
        var change = context.Registry.History[^1];
        Assert.Equal(("follower.forget", "its host was scrapped", "ada"), (change.Action, change.Reason, change.Actor.Name));
    }

    [Fact]
    public async Task One_that_is_connected_is_forgotten_only_against_the_guard()
    {
        await using var context = new ConsoleContext();
        var followers = Follow(context);
        var dialogs = context.RenderDialogs();
        var page = context.Render<DataPlanesPage>();

        await page.PressAsync("Forget gateway-1");
        dialogs.WaitForAssertion(() => Assert.Contains("gateway-1 is connected and may still send traffic", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.ChooseAsync("Override the guard", true);
        await dialogs.TypeAsync("Reason", "it hangs");
        dialogs.WaitForAssertion(() => Assert.False(dialogs.Button("Forget it against the guard").HasAttribute("disabled")), ConsoleContext.Patience);
        await dialogs.PressAsync("Forget it against the guard");

        page.WaitForAssertion(() => Assert.Null(followers.Find("gateway-1")), ConsoleContext.Patience);
    }

    private static FollowerTable Follow(ConsoleContext context)
    {
        var followers = context.Services.GetRequiredService<FollowerTable>();
        followers.Seen("gateway-1", FollowerKind.Gateway, null, null, reports: true);
        followers.Acknowledge("gateway-1", context.Registry.Current.Generation, context.Registry.Current.Revision);
        followers.Seen("envoy-1", FollowerKind.Xds, "10.0.0.2", null, reports: true);
        followers.Refuse("envoy-1", 2, "unknown field “foo”");
        followers.Seen("dns:10.0.0.9", FollowerKind.Dns, "10.0.0.9", ["cart"], reports: false);
        followers.Seen("watcher", FollowerKind.Watch, "10.0.0.3", ["cart"], reports: true);
        followers.Disconnected("watcher");
        return followers;
    }
}
