using Bunit;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Shell;

namespace Dashboard.Tests.Web.Console;

public sealed class JumpTargetTests
{
    [Theory]
    [InlineData("cart", "cart cart-1 cart-2 cart-3")]
    [InlineData("drain cart-2", "Drain cart-2")]
    [InlineData("dr CART-2", "Drain cart-2")]
    [InlineData("undrain cart", "Undrain cart-3")]
    [InlineData("maint cart-1", "Maintenance of cart-1")]
    [InlineData("drain node-2", "Drain host node-2")]
    [InlineData("undrain node", "Undrain host node-1")]
    [InlineData("waves cart", "Waves: drain cart part by part")]
    [InlineData("shift cart", "Shift cart to another version")]
    [InlineData("plan: dr", "Plan: drain, undrain or maintain many in waves")]
    [InlineData("drain cart/cart-3", "Drain cart/cart-3")]
    [InlineData("activ", "Activity")]
    [InlineData("attention", "Services that need attention")]
    public async Task Finds_places_and_acts(string text, string expected)
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Registry.Execute(new RegisterInstance(new("cart", "cart-2"), context.Registry.Current.FindInstance(new("cart", "cart-2"))!.Registration with { Version = "v2" }), new Actor("cart", ActorKind.Service));
        context.Bob(new DrainInstance(new("cart", "cart-3")) { Override = true, Reason = "test" });
        context.Bob(new DrainNode("node-1") { Override = true, Reason = "test" });

        var found = JumpTarget.Find(context.Registry.Current, text);

        Assert.StartsWith(expected, string.Join(' ', found.Select(target => target.Name)), StringComparison.Ordinal);
        Assert.True(found.Length <= 12);
        Assert.All(found, target => Assert.True(target.Address is null != target.Begin is null));
    }

    [Fact]
    public async Task An_act_opens_its_dialog_and_nothing_is_done_yet()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var dialogs = context.RenderDialogs();
        var target = JumpTarget.Find(context.Registry.Current, "drain cart-2")[0];
        var acts = (Dashboard.Web.Console.Acts.ActDialogs)context.Services.GetService(typeof(Dashboard.Web.Console.Acts.ActDialogs))!;

        await dialogs.InvokeAsync(() => { _ = target.Begin!(acts); });

        dialogs.WaitForAssertion(() => Assert.Contains("Drain cart-2", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.True(context.IntentOf("cart", "cart-2").IsActive);
    }
}
