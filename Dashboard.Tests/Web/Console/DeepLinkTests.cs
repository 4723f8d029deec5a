using Bunit;
using Dashboard.Core.Attention;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Attention;
using Dashboard.Web.Console.Nodes;
using Dashboard.Web.Console.Services;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Console;

/// <summary>An address outlives what it leads to: its page says that it is gone, and where its past is.</summary>
public sealed class DeepLinkTests
{
    [Theory]
    [InlineData("drain:cart/cart-1", "Drain cart-1")]
    [InlineData("maintain:cart/cart-1", "Maintenance of cart-1")]
    [InlineData("drain-host:node-1", "Drain node node-1")]
    [InlineData("plan", "Plan")]
    [InlineData("plan:service=cart;zone=zone-1", "Plan for")]
    [InlineData("silence", "Silence alerts")]
    public async Task A_link_opens_the_dialog_of_its_act_and_the_address_names_it_while_it_is_open(string act, string title)
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var dialogs = context.RenderDialogs();

        Assert.Null(await dialogs.InvokeAsync(() => context.Services.GetRequiredService<ActLink>().OpenAsync(act)));

        dialogs.WaitForAssertion(() => Assert.StartsWith(title, dialogs.Find(".mud-dialog-title").TextContent.Trim(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Equal([act], Named(context));
        await dialogs.PressAsync("Cancel");
        dialogs.WaitForAssertion(() => Assert.Equal([act, null], Named(context)), ConsoleContext.Patience);

        static IEnumerable<object?> Named(ConsoleContext context) => context.JSInterop.Invocations["dashboardAct"].Select(call => call.Arguments[0]);
    }

    [Fact]
    public async Task A_link_to_an_operation_s_act_or_an_undo_opens_it_and_one_to_what_is_gone_says_so()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Bob(new DrainInstance(new("cart", "cart-2")) { Reason = "deploy" });
        var operation = context.Registry.Current.Operations.Keys.Single();
        var dialogs = context.RenderDialogs();
        var link = context.Services.GetRequiredService<ActLink>();

        foreach (var (act, title) in new[] { ($"extend:{operation}", "Move the deadline"), ($"force:{operation}", $"Force operation {operation}"), ($"undo:{operation}", $"Undo change {operation}") })
        {
            Assert.Null(await dialogs.InvokeAsync(() => link.OpenAsync(act)));
            dialogs.WaitForAssertion(() => Assert.Equal(title, dialogs.Find(".mud-dialog-title").TextContent.Trim()), ConsoleContext.Patience);
            await dialogs.InvokeAsync(() => dialogs.Find(".act-buttons .btn").Click());
            dialogs.WaitForAssertion(() => Assert.Empty(dialogs.FindAll(".mud-dialog-title")), ConsoleContext.Patience);
        }

        foreach (var gone in new[] { "drain:cart/cart-9", "drain-host:nowhere", "extend:4711", "undo:4711", "explode:cart" })
            Assert.Contains("cannot be begun: what it is about is gone, or over", await dialogs.InvokeAsync(() => link.OpenAsync(gone)), StringComparison.Ordinal);
        Assert.Empty(dialogs.FindAll(".mud-dialog-title"));
    }

    [Fact]
    public async Task An_instance_that_left_is_told_and_one_that_leaves_while_it_is_looked_at()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        Go(context, "/services/cart?instance=cart-2");
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));
        Assert.DoesNotContain("There is no instance", page.Text(), StringComparison.Ordinal);

        context.Registry.Execute(new DeregisterInstance(new("cart", "cart-2")), new Actor("cart", ActorKind.Service));

        page.WaitForAssertion(() => Assert.Contains("There is no instance cart-2 of cart", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains(page.FindAll("a"), link => link.GetAttribute("href") == "/activity?service=cart&instance=cart-2&all=true");
    }

    [Fact]
    public async Task A_host_without_instances_is_told()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        Go(context, "/nodes?node=node-9");

        var page = context.Render<NodesPage>();

        Assert.Contains("node-9 is not among these: nothing is registered on it any more", page.Text(), StringComparison.Ordinal);
        Assert.Contains(page.FindAll("a"), link => link.GetAttribute("href") == "/activity?node=node-9");
        Go(context, "/nodes?node=node-1");
        Assert.DoesNotContain("is not among these", context.Render<NodesPage>().Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alert_that_is_over_is_told()
    {
        await using var context = new ConsoleContext();
        Go(context, "/alerts?alert=0123456789abcdef");
        var page = context.Render<AlertsPage>();
        // Nobody has looked yet: it may still be there.
        Assert.DoesNotContain("that this address names", page.Text(), StringComparison.Ordinal);

        context.Services.GetRequiredService<AttentionBoard>().Looked(TimeProvider.System.GetUtcNow());

        page = context.Render<AlertsPage>();
        Assert.Contains("The alert that this address names is not among these", page.Text(), StringComparison.Ordinal);
    }

    private static void Go(ConsoleContext context, string address) => context.Services.GetRequiredService<NavigationManager>().NavigateTo(address);
}
