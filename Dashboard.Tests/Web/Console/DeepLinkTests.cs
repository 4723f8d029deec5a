using Bunit;
using Dashboard.Core.Attention;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Attention;
using Dashboard.Web.Console.Nodes;
using Dashboard.Web.Console.Services;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Console;

/// <summary>An address outlives what it leads to: its page says that it is gone, and where its past is.</summary>
public sealed class DeepLinkTests
{
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
