using System.Text.RegularExpressions;
using AngleSharp.Dom;
using Bunit;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Topology;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Activity;
using Dashboard.Web.Console.Nodes;
using Dashboard.Web.Console.Operations;
using Dashboard.Web.Console.Planes;
using Dashboard.Web.Console.Plans;
using Dashboard.Web.Console.Services;
using Dashboard.Web.Console.Topology;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Console;

/// <summary>
/// A page is drawn again up to five times a second. Where a render replaces an event's handler (a lambda over what the render saw, a <c>@bind</c>), a press that was on its way can
/// arrive after the old one was given up: the browser shows it as done, and the console never hears of it.
/// </summary>
public sealed partial class HandlerTests
{
    public static TheoryData<string> Pages => ["service", "instance", "staged", "services", "nodes", "operation", "plan", "planes", "activity", "topology"];

    public static TheoryData<string> Dialogs => ["drain", "undrain", "maintain", "node", "plan", "waves", "shift", "extend"];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_keeps_every_handler_through_its_renders(string name)
    {
        await using var context = Filled();
        context.RenderDialogs();
        var operation = context.Registry.Current.Operations.Keys.Single();
        var plan = context.Registry.Current.Plans.Keys.Single();

        switch (name)
        {
            case "service":
                await KeepsAsync(context, context.Render<ServicePage>(parameters => parameters.Add(page => page.Name, "cart")), "Pick cart-1");
                break;
            case "instance":
                context.Services.GetRequiredService<NavigationManager>().NavigateTo("/services/cart?instance=cart-1");
                await KeepsAsync(context, context.Render<ServicePage>(parameters => parameters.Add(page => page.Name, "cart")), null);
                break;
            case "staged":
                var staged = context.Render<ServicePage>(parameters => parameters.Add(page => page.Name, "cart"));
                await staged.TypeAsync("Weight of cart-1", "300");
                await staged.ChooseAsync("Pick cart-2", true);
                await KeepsAsync(context, staged, "Reason");
                break;
            case "services":
                await KeepsAsync(context, context.Render<ServicesPage>(), null);
                break;
            case "nodes":
                await KeepsAsync(context, context.Render<NodesPage>(), null);
                break;
            case "operation":
                await KeepsAsync(context, context.Render<OperationPage>(parameters => parameters.Add(page => page.Id, operation)), null);
                break;
            case "plan":
                await KeepsAsync(context, context.Render<PlanPage>(parameters => parameters.Add(page => page.Id, plan)), null);
                break;
            case "planes":
                await KeepsAsync(context, context.Render<DataPlanesPage>(), null);
                break;
            case "activity":
                await KeepsAsync(context, context.Render<ActivityPage>(), null);
                break;
            case "topology":
                var topology = context.Render<TopologyPage>();
                topology.Find(".topology-search").FocusIn();
                await topology.InvokeAsync(() => topology.Find("#topology-search").Input("cart"));
                await KeepsAsync(context, topology, null);
                break;
        }
    }

    [Theory]
    [MemberData(nameof(Dialogs))]
    public async Task Dialog_keeps_every_handler_through_its_renders(string name)
    {
        await using var context = Filled();
        var dialogs = context.RenderDialogs();
        var acts = context.Services.GetRequiredService<ActDialogs>();
        var cart = new InstanceKey("cart", "cart-1");
        _ = dialogs.InvokeAsync(() => name switch
        {
            "drain" => acts.DrainAsync(cart, ServiceSettings.Default),
            "undrain" => acts.UndrainAsync(cart),
            "maintain" => acts.MaintainAsync(cart),
            "node" => acts.DrainNodeAsync("node-1"),
            "plan" => acts.PlanAsync(null),
            "waves" => acts.PlanAsync(new PlanSelection { Service = "cart" }, PlanKind.Maintenance),
            "shift" => acts.ShiftAsync("cart"),
            _ => acts.ExtendAsync(context.Registry.Current.Operations.Values.Single()),
        });
        dialogs.WaitForAssertion(() => Assert.NotEmpty(dialogs.FindAll("form.act")), ConsoleContext.Patience);
        await KeepsAsync(context, dialogs, "Reason", "form.act");
    }

    // A service whose first instance drains, with two versions, and a plan.
    private static ConsoleContext Filled()
    {
        var context = new ConsoleContext();
        context.Services.AddTopology();
        context.AddService("cart", 4);
        for (var number = 1; number <= 4; number++)
        {
            context.Registry.Execute(
                new RegisterInstance(new("cart", $"cart-{number}"), new Registration { Address = "127.0.0.1", Port = 9000 + number, Node = $"node-{number}", Zone = $"zone-{number}", Version = number < 3 ? "v1" : "v2" }),
                new Actor("cart", ActorKind.Service));
        }

        Assert.IsType<CommandResult.Committed>(context.Bob(new DrainInstance(new("cart", "cart-4"), TimeSpan.FromMinutes(5), DeadlineAction.Hold)));
        Assert.IsType<CommandResult.Committed>(context.Bob(new StartPlan(PlanKind.Drain, new() { Service = "cart" }) { StartAt = context.Registry.Current.At.AddDays(1), Override = true, Reason = "later" }));
        var followers = context.Services.GetRequiredService<FollowerTable>();
        followers.Seen("watcher", FollowerKind.Watch, "10.0.0.3", ["cart"], reports: true);
        followers.Disconnected("watcher");
        return context;
    }

    private static async Task KeepsAsync<T>(ConsoleContext context, IRenderedComponent<T> rendered, string? field, string within = "*")
        where T : IComponent
    {
        if (field is not null)
            rendered.WaitForAssertion(() => rendered.Field(field), ConsoleContext.Patience);
        rendered.WaitForAssertion(() => Assert.NotEmpty(Handlers(rendered, within)), ConsoleContext.Patience);
        var before = Handlers(rendered, within);

        // A form is drawn because the registry has changed, and a page also when whoever holds it is.
        var renders = rendered.RenderCount;
        context.SetHealth(new("cart", "cart-3"), HealthStatus.Degraded, "slow");
        if (within == "*")
            await rendered.InvokeAsync(() => rendered.Render());
        rendered.WaitForAssertion(() => Assert.True(rendered.RenderCount > renders), ConsoleContext.Patience);

        var after = Handlers(rendered, within);
        Assert.All(before, handler => Assert.True(after.Contains(handler), $"{handler} was replaced; now there are\n{string.Join('\n', after)}"));
    }

    private static List<string> Handlers<T>(IRenderedComponent<T> rendered, string within)
        where T : IComponent
        => [.. rendered.FindAll(within == "*" ? "*" : $"{within}, {within} *").SelectMany(element => element.Attributes.Where(attribute => HandlerPattern().IsMatch(attribute.Name)).Select(attribute => $"{element.LocalName} {element.GetAttribute("aria-label") ?? Finding.Flat(element.LocalName is "input" or "select" or "textarea" ? element.ParentElement?.TextContent ?? "" : element.LocalName == "button" ? element.TextContent : "")} {attribute.Name}={attribute.Value}"))];

    [GeneratedRegex("^blazor:on[a-z]+$")]
    private static partial Regex HandlerPattern();
}
