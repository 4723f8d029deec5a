using Bunit;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Services;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Console;

public sealed class ServicesPageTests
{
    [Fact]
    public async Task Empty_registry_tells_how_to_register_at_this_address()
    {
        await using var context = new ConsoleContext();

        var page = context.Render<ServicesPage>();

        var address = context.Services.GetRequiredService<NavigationManager>().BaseUri;
        Assert.Contains($"curl -X PUT {address}api/v1/services/orders/instances/orders-1", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task First_registration_replaces_the_empty_state()
    {
        await using var context = new ConsoleContext();
        var page = context.Render<ServicesPage>();

        context.AddService("cart", 2);

        page.WaitForAssertion(() => Assert.Contains("2 of 2", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Service_that_nobody_serves_is_named_as_such()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 1);
        context.Bob(new Dashboard.Core.Registry.Commands.DrainInstance(new("cart", "cart-1")) { Override = true, Reason = "test" });

        var page = context.Render<ServicesPage>();

        Assert.Contains("Nobody serves", page.Text(), StringComparison.Ordinal);
        Assert.Contains("1 draining", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Maintenance_that_ends_by_itself_is_seen_in_the_lists_of_services_and_hosts()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Bob(new Dashboard.Core.Registry.Commands.SetMaintenance(new("cart", "cart-2"), TimeProvider.System.GetUtcNow().AddHours(2)) { Reason = "its disk is replaced" });

        Assert.Matches("back in rotation in [12] h", context.Render<ServicesPage>().Text());
        var nodes = context.Render<Dashboard.Web.Console.Nodes.NodesPage>().Text();
        Assert.Contains("1 in maintenance", nodes, StringComparison.Ordinal);
        Assert.Matches("back in rotation in [12] h", nodes);
    }

    [Fact]
    public async Task Host_whose_instances_were_drained_one_by_one_says_why_it_serves_nothing()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Bob(new Dashboard.Core.Registry.Commands.DrainInstance(new("cart", "cart-2")) { Reason = "test" });

        var row = context.Render<Dashboard.Web.Console.Nodes.NodesPage>().FindAll("tbody tr").Single(row => row.TextContent.Contains("0 of 1", StringComparison.Ordinal));

        Assert.Matches(@"Active\s+1 healthy\s*1 draining\s+0 of 1", Finding.Flat(row.TextContent));
    }

    [Fact]
    public async Task Search_is_kept_in_the_address_and_narrows_the_list()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 1);
        context.AddService("orders", 1);
        var page = context.Render<ServicesPage>();

        await page.InvokeAsync(() => page.Find("input[type=search]").Input("ord"));

        Assert.EndsWith("?q=ord", context.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal);
        page.WaitForAssertion(() => Assert.Equal(["orders"], page.FindAll("tbody th").Select(cell => cell.TextContent)), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Panic_says_that_health_is_ignored()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.SetHealth(new("cart", "cart-1"), HealthStatus.Unhealthy, "refused");
        context.SetHealth(new("cart", "cart-2"), HealthStatus.Unhealthy, "refused");

        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));

        Assert.Contains("Panic", page.Text(), StringComparison.Ordinal);
        Assert.Contains("health is ignored", page.Text(), StringComparison.Ordinal);
    }
}
