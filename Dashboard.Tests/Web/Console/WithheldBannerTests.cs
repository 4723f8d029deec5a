using Bunit;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Activity;
using Dashboard.Web.Console.Shell;

namespace Dashboard.Tests.Web.Console;

public sealed class WithheldBannerTests
{
    [Fact]
    public async Task A_withheld_registry_is_shown_until_it_is_confirmed_with_a_reason()
    {
        await using var context = new ConsoleContext();
        var dialogs = context.RenderDialogs();
        var banner = context.Render<WithheldBanner>();
        Assert.Empty(banner.FindAll("button"));

        context.Registry.Execute(new WithholdRegistry(Guid.NewGuid(), 12), Actor.System("discovery"));
        context.AddService("cart", 2);
        banner.WaitForAssertion(() => Assert.Contains("data planes keep the 12 services that they hold", banner.Text(), StringComparison.Ordinal), ConsoleContext.Patience);

        await banner.PressAsync("Confirm the new registry");
        dialogs.WaitForAssertion(() => Assert.Contains("follows this one", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.TypeAsync("Reason", "the old one is gone");
        await dialogs.PressAsync("Confirm it");

        banner.WaitForAssertion(() => Assert.Empty(banner.FindAll("button")), ConsoleContext.Patience);
        var confirmed = context.Registry.History[^1];
        Assert.Equal(("registry.confirm", "ada", "the old one is gone"), (confirmed.Action, confirmed.Actor.Name, confirmed.Reason));
        Assert.False(context.Registry.Current.Withholding!.IsOpen);
    }

    [Fact]
    public async Task The_log_is_verified_on_demand_and_says_up_to_where()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        var note = context.Render<ChainNote>();
        Assert.Contains("has not been verified since the console was started", note.Text(), StringComparison.Ordinal);

        await note.PressAsync("Verify now");

        note.WaitForAssertion(() => Assert.Contains("Log verified up to revision 4", note.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }
}
