using Bunit;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Nodes;
using Dashboard.Web.Console.Services;
using MudBlazor;

namespace Dashboard.Tests.Web.Console;

public sealed class DrainDialogTests
{
    [Fact]
    public async Task Drain_says_in_numbers_what_will_happen_before_it_happens()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var dialogs = await OpenDrainAsync(context, "cart", "cart-2");

        Assert.Contains("33.3 % of cart's traffic moves to 2 instances, each +50 %", dialogs.Text(), StringComparison.Ordinal);
        Assert.Contains("Guard allows it: cart goes from 3 to 2 serving; at least 2 must remain", dialogs.Text(), StringComparison.Ordinal);
        Assert.True(context.IntentOf("cart", "cart-2").IsActive);
    }

    [Fact]
    public async Task Drain_confirmed_carries_reason_deadline_and_what_happens_then()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var dialogs = await OpenDrainAsync(context, "cart", "cart-2");

        await dialogs.TypeAsync("Deadline", "60");
        await dialogs.ChooseAsync("When it passes", nameof(DeadlineAction.Force));
        await dialogs.TypeAsync("Reason", "kernel update");
        await dialogs.PressAsync("Drain cart-2");

        dialogs.WaitForAssertion(() => Assert.Equal(IntentKind.Draining, context.IntentOf("cart", "cart-2").Kind), ConsoleContext.Patience);
        var intent = context.IntentOf("cart", "cart-2");
        Assert.Equal(("ada", "kernel update", DeadlineAction.Force, 60), (intent.Actor, intent.Reason, intent.AtDeadline, (intent.Deadline - intent.Since)!.Value.TotalSeconds));
        dialogs.WaitForAssertion(() => Assert.Empty(dialogs.FindAll("[role=dialog]")), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Drain_that_the_guard_refuses_needs_an_override_and_its_reason()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 1);
        var dialogs = await OpenDrainAsync(context, "cart", "cart-1");

        Assert.Contains("Guard refuses: cart goes from 1 to 0 serving; at least 1 must remain", dialogs.Text(), StringComparison.Ordinal);
        Assert.True(dialogs.Button("Drain cart-1").HasAttribute("disabled"));

        await dialogs.ChooseAsync("Override the guard", true);
        Assert.True(dialogs.Button("Drain cart-1 against the guard").HasAttribute("disabled"));

        await dialogs.TypeAsync("Reason", "it serves wrong data");
        Assert.False(dialogs.Button("Drain cart-1 against the guard").HasAttribute("disabled"));
        await dialogs.PressAsync("Drain cart-1 against the guard");

        dialogs.WaitForAssertion(() => Assert.Equal(IntentKind.Draining, context.IntentOf("cart", "cart-1").Kind), ConsoleContext.Patience);
        Assert.True(context.Registry.Current.Operations.Values.Single().Overridden);
    }

    [Fact]
    public async Task Button_pressed_twice_opens_one_dialog_and_opens_it_again_when_it_was_closed()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var dialogs = context.RenderDialogs();
        var page = context.Render<ServicePage>(parameters => parameters.Add(shown => shown.Name, "cart"));

        await page.PressAsync("Drain cart-2");
        await page.PressAsync("Drain cart-2");
        dialogs.WaitForAssertion(() => Assert.Single(dialogs.FindAll("form.act")), ConsoleContext.Patience);
        await dialogs.PressAsync("Cancel");
        dialogs.WaitForAssertion(() => Assert.Empty(dialogs.FindAll("form.act")), ConsoleContext.Patience);

        await page.PressAsync("Drain cart-2");
        dialogs.WaitForAssertion(() => Assert.Single(dialogs.FindAll("form.act")), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Enter_in_a_field_does_not_drain()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var dialogs = await OpenDrainAsync(context, "cart", "cart-2");
        Assert.False(dialogs.Button("Drain cart-2").HasAttribute("disabled"));

        await dialogs.SubmitAsync();

        Assert.True(context.IntentOf("cart", "cart-2").IsActive);
    }

    [Fact]
    public async Task Drain_within_the_guard_offers_no_override()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var dialogs = await OpenDrainAsync(context, "cart", "cart-2");

        Assert.DoesNotContain("Override the guard", dialogs.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drain_cancelled_changes_nothing()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var dialogs = await OpenDrainAsync(context, "cart", "cart-2");
        var before = context.Registry.Current.Revision;

        await dialogs.PressAsync("Cancel");

        dialogs.WaitForAssertion(() => Assert.Empty(dialogs.FindAll("[role=dialog]")), ConsoleContext.Patience);
        Assert.Equal(before, context.Registry.Current.Revision);
    }

    [Fact]
    public async Task Drain_by_somebody_signed_out_is_impossible()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Authorization.SetNotAuthorized();
        var dialogs = await OpenDrainAsync(context, "cart", "cart-2");

        Assert.Contains("You are signed out", dialogs.Text(), StringComparison.Ordinal);
        await dialogs.SubmitAsync();

        Assert.True(dialogs.Button("Drain cart-2").HasAttribute("disabled"));
        Assert.True(context.IntentOf("cart", "cart-2").IsActive);
    }

    [Fact]
    public async Task Undrain_ramps_the_weight()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Bob(new DrainInstance(new("cart", "cart-2")));
        var dialogs = context.RenderDialogs();
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));
        await page.PressAsync("Undrain cart-2");
        dialogs.WaitForAssertion(() => Assert.Contains("cart-2 takes new requests again", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);

        await dialogs.TypeAsync("Ramp", "120");
        await dialogs.SubmitAsync();

        dialogs.WaitForAssertion(() => Assert.Equal(120, context.Registry.Current.OperatorStateOf(new("cart", "cart-2")).Ramp?.Seconds), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Host_drain_previews_every_service_on_it()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.AddService("orders", 3);
        var dialogs = context.RenderDialogs();
        var page = context.Render<NodesPage>();

        await page.PressAsync("Drain host node-1");
        dialogs.WaitForAssertion(() => Assert.Contains("2 services are touched", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("cart goes from 3 to 2 serving", dialogs.Text(), StringComparison.Ordinal);
        Assert.Contains("orders goes from 3 to 2 serving", dialogs.Text(), StringComparison.Ordinal);
        await dialogs.PressAsync("Drain node-1");

        page.WaitForAssertion(() => Assert.Contains("1 draining", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Equal(IntentKind.Draining, context.IntentOf("orders", "orders-1").Kind);
    }

    private static async Task<IRenderedComponent<MudDialogProvider>> OpenDrainAsync(ConsoleContext context, string service, string id)
    {
        var dialogs = context.RenderDialogs();
        var page = context.Render<ServicePage>(parameters => parameters.Add(shown => shown.Name, service));
        await page.PressAsync($"Drain {id}");
        dialogs.WaitForAssertion(() => Assert.Contains("gets no new requests", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        return dialogs;
    }
}
