using System.Collections.Immutable;
using Bunit;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Web.Console.Activity;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Console;

public sealed class ActivityPageTests
{
    [Fact]
    public async Task Timeline_shows_what_operators_did_and_not_what_probes_saw()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Bob(new DrainInstance(new("cart", "cart-2")) { Reason = "kernel update" });

        var page = context.Render<ActivityPage>();

        page.WaitForAssertion(() => Assert.Contains("Drained cart/cart-2", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("by bob", page.Text(), StringComparison.Ordinal);
        Assert.Contains("“kernel update”", page.Text(), StringComparison.Ordinal);
        Assert.Contains("intent active", page.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain("Registered", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_is_shown_when_asked_for_in_the_address()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 1);
        context.Services.GetRequiredService<NavigationManager>().NavigateTo("/activity?all=true&service=cart");

        var page = context.Render<ActivityPage>();

        page.WaitForAssertion(() => Assert.Contains("Registered cart/cart-1", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("Health of cart/cart-1", page.Text(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(ActivityPage), "Drained cart/cart-2")]
    [InlineData(typeof(Dashboard.Web.Console.Operations.OperationsPage), "Drain cart/cart-2")]
    [InlineData(typeof(Dashboard.Web.Console.Plans.PlansPage), "No plan has ended yet")]
    public async Task What_could_not_be_read_is_read_again_by_itself(Type type, string shown)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var context = new ConsoleContext(time);
        context.AddService("cart", 3);
        context.Bob(new DrainInstance(new("cart", "cart-2")) { Reason = "kernel update" });
        context.Bob(new UndrainInstance(new("cart", "cart-2")) { Reason = "kernel update" });
        context.Registry.Unreadable = true;
        var page = context.Render(builder =>
        {
            builder.OpenComponent(0, type);
            builder.CloseComponent();
        });
        page.WaitForAssertion(() => Assert.Contains("The history cannot be read now: taken away by the test. It is tried again every 5 s.", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);

        context.Registry.Unreadable = false;
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return page.Text().Contains(shown, StringComparison.Ordinal) && !page.Text().Contains("cannot be read", StringComparison.Ordinal);
            },
            ConsoleContext.Patience,
            "it is read",
            Xunit.TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("Service", "cart", "service=cart")]
    [InlineData("Instance", "cart-1", "instance=cart-1")]
    [InlineData("Node", "node-1", "node=node-1")]
    [InlineData("By", "bob", "by=bob")]
    [InlineData("What", "instance.drain", "action=instance.drain")]
    public async Task Filter_is_kept_in_the_address(string label, string value, string query)
    {
        await using var context = new ConsoleContext();
        var page = context.Render<ActivityPage>();

        await page.ChooseAsync(label, value);

        Assert.EndsWith("?" + query, context.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Filter_narrows_the_timeline()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.AddService("orders", 3);
        context.Bob(new DrainInstance(new("cart", "cart-2")));
        context.Bob(new DrainInstance(new("orders", "orders-2")));
        var page = context.Render<ActivityPage>();

        await page.ChooseAsync("Service", "orders");

        page.WaitForAssertion(() => Assert.DoesNotContain("cart/cart-2", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("Drained orders/orders-2", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timeline_tells_how_operations_ended_and_follows_that()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Bob(new DrainInstance(new("cart", "cart-2")));
        var page = context.Render<ActivityPage>();
        page.WaitForAssertion(() => Assert.Contains("Under way", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);

        context.Bob(new UndrainInstance(new("cart", "cart-2")));

        page.WaitForAssertion(() => Assert.Contains("Taken back", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Timeline_tells_how_a_plan_stands_and_follows_that()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Bob(new StartPlan(PlanKind.Drain, new() { Service = "cart", Instances = [new("cart", "cart-1")] }) { Reason = "new kernel" });
        var page = context.Render<ActivityPage>();
        page.WaitForAssertion(() => Assert.Contains("Running", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);

        context.Registry.Execute(new PausePlan(context.Registry.Current.Plans.Keys.Single(), "cart fails"), Actor.System("operations"));

        page.WaitForAssertion(() => Assert.Contains("Paused", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Export_has_the_filters_of_the_page()
    {
        await using var context = new ConsoleContext();
        context.Services.GetRequiredService<NavigationManager>().NavigateTo("/activity?service=cart&by=anna+b&action=node.*");

        var page = context.Render<ActivityPage>();

        Assert.Equal(
            ["/api/v1/audit/export?format=csv&service=cart&actor=anna%20b&action=node.%2A&operators=true", "/api/v1/audit/export?format=jsonl&service=cart&actor=anna%20b&action=node.%2A&operators=true"],
            page.FindAll("a[download]").Select(link => link.GetAttribute("href")));
    }

    [Fact]
    public async Task Timeline_follows_the_registry()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var page = context.Render<ActivityPage>();
        page.WaitForAssertion(() => Assert.Contains("No operator has changed anything yet", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);

        context.Bob(new DrainInstance(new("cart", "cart-2")));

        page.WaitForAssertion(() => Assert.Contains("Drained cart/cart-2", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Undo_shows_what_it_does_and_does_it()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        context.Bob(new SetWeights("cart", ImmutableSortedDictionary<string, int?>.Empty.Add("cart-1", 300)));
        var revision = context.Registry.Current.Revision;
        var dialogs = context.RenderDialogs();
        var page = context.Render<ActivityPage>();
        page.WaitForAssertion(() => page.Button($"Undo change {revision}"), ConsoleContext.Patience);

        await page.PressAsync($"Undo change {revision}");
        dialogs.WaitForAssertion(() => Assert.Contains("25 % of cart's traffic moves to 1 instance", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.PressAsync("Undo it");

        page.WaitForAssertion(() => Assert.Contains("Undid a change of cart", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Equal([100, 100], context.WeightsOf("cart"));
    }

    [Fact]
    public async Task Undo_of_what_was_changed_again_is_refused_with_who_did_it()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        context.Bob(new SetWeights("cart", ImmutableSortedDictionary<string, int?>.Empty.Add("cart-1", 300)));
        var revision = context.Registry.Current.Revision;
        context.Bob(new SetWeights("cart", ImmutableSortedDictionary<string, int?>.Empty.Add("cart-1", 200)) { Reason = "too much" });
        var dialogs = context.RenderDialogs();
        var page = context.Render<ActivityPage>();
        page.WaitForAssertion(() => page.Button($"Undo change {revision}"), ConsoleContext.Patience);

        await page.PressAsync($"Undo change {revision}");

        dialogs.WaitForAssertion(
            () =>
            {
                Assert.Contains("This can no longer be undone.", dialogs.Text(), StringComparison.Ordinal);
                Assert.Contains("“too much”", dialogs.Text(), StringComparison.Ordinal);
                Assert.True(dialogs.Button("Undo it").HasAttribute("disabled"));
            },
            ConsoleContext.Patience);
        Assert.Equal([200, 100], context.WeightsOf("cart"));
    }
}
