using System.Reflection;
using Bunit;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Services;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Dashboard.Tests.Web.Console;

public sealed class InstanceLineTests
{
    [Fact]
    public async Task A_row_that_is_picked_fits_into_the_smallest_array_of_frames()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));
        await page.ChooseAsync("Pick cart-1", true);
        var line = page.FindComponents<InstanceLine>()[0].Instance;

        // Every open page keeps two such arrays of each row; the next larger ones are twice their size.
        Assert.Equal("cart-1", line.Row.Id);
        Assert.InRange(Frames(line), 10, 32);
    }

    [Theory]
    [InlineData("Drain cart-1")]
    [InlineData("Maintain cart-2")]
    [InlineData("Undrain cart-3")]
    public async Task A_press_of_a_rows_button_opens_the_dialog_of_that_row(string button)
    {
        await using var context = new ConsoleContext();
        var dialogs = context.RenderDialogs();
        context.AddService("cart", 3);
        Assert.IsType<CommandResult.Committed>(context.Bob(new DrainInstance(new("cart", "cart-3"), TimeSpan.FromMinutes(5), DeadlineAction.Hold)));
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));

        await page.PressAsync(button);

        var title = button.Replace("Maintain", "Maintenance of", StringComparison.Ordinal);
        dialogs.WaitForAssertion(() => Assert.Contains(title, dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    [Fact]
    public async Task A_press_for_a_row_that_has_gone_does_nothing()
    {
        await using var context = new ConsoleContext();
        var dialogs = context.RenderDialogs();
        context.AddService("cart", 1);
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));

        await page.InvokeAsync(() => page.Find("table.instances tbody").TriggerEventAsync("onrowact", new RowActEventArgs { Row = "cart-9", Act = RowActEventArgs.Drain }));
        await page.InvokeAsync(() => page.Find("table.instances tbody").TriggerEventAsync("onrowact", new RowActEventArgs { Row = "cart-1", Act = "delete" }));

        Assert.Empty(dialogs.FindAll("[role=dialog]"));
    }

    private static int Frames(ComponentBase component)
    {
        using var builder = new RenderTreeBuilder();
        typeof(ComponentBase).GetMethod("BuildRenderTree", BindingFlags.Instance | BindingFlags.NonPublic)!.Invoke(component, [builder]);
#pragma warning disable BL0006 // What it counts is what it is about.
        return builder.GetFrames().Count;
#pragma warning restore BL0006
    }
}
