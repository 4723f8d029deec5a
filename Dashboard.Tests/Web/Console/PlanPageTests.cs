using System.Collections.Immutable;
using Bunit;
using Dashboard.Core.Operations;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Plans;
using Dashboard.Web.Console.Services;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Console;

public sealed class PlanPageTests
{
    [Fact]
    public async Task Paused_plan_says_why_with_the_live_figure_beside_its_limit_and_is_rolled_back_from_its_page()
    {
        await using var context = new ConsoleContext();
        var id = Start(context);
        context.Registry.Execute(new AdvancePlan(id, 0, 0), Actor.System("operations"));
        context.Registry.Execute(new PausePlan(id, "cart fails 12.0 % of 300 requests; up to 1.0 % is put up with."), Actor.System("operations"));
        var plan = context.Registry.Current.Plans[id];
        Show(context, Tracker(context).ViewOf(plan) with
        {
            Readings = [new("cart", WatchedFigure.Errors, 0.12, 0.01, 0.002, 300, 100, WatchVerdict.Exceeded, "text")],
        });
        var dialogs = context.RenderDialogs();
        var page = context.Render<PlanPage>(parameters => parameters.Add(shown => shown.Id, id));

        page.WaitForAssertion(() => Assert.Contains("cart fails 12.0 % of 300 requests", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("Paused", page.Text(), StringComparison.Ordinal);
        Assert.Matches("cart errors 12.0 % 1.0 % 0.20 % 300 of 100 needed Above", page.Text());
        Assert.Contains("Wave 1", page.Text(), StringComparison.Ordinal);
        Assert.False(context.IntentOf("cart", "cart-1").IsActive);

        await page.PressAsync("Roll back");
        dialogs.WaitForAssertion(() => Assert.Contains("What somebody else decided stays", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.PressAsync("Roll back");

        page.WaitForAssertion(() => Assert.Contains("Rolled back", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.True(context.IntentOf("cart", "cart-1").IsActive);
    }

    [Fact]
    public async Task Running_plan_is_paused_and_resumed_from_its_page()
    {
        await using var context = new ConsoleContext();
        var id = Start(context);
        var dialogs = context.RenderDialogs();
        var page = context.Render<PlanPage>(parameters => parameters.Add(shown => shown.Id, id));
        page.WaitForAssertion(() => page.Button("Pause"), ConsoleContext.Patience);

        await page.PressAsync("Pause");
        dialogs.WaitForAssertion(() => Assert.Contains("does not go on until it is resumed", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.SubmitAsync();
        page.WaitForAssertion(() => page.Button("Resume"), ConsoleContext.Patience);
        Assert.Equal(PlanState.Paused, context.Registry.Current.Plans[id].State);

        await page.PressAsync("Resume");
        dialogs.WaitForAssertion(() => Assert.Contains("goes on where it was", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.SubmitAsync();
        page.WaitForAssertion(() => page.Button("Pause"), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Plan_that_is_unknown_says_so()
    {
        await using var context = new ConsoleContext();

        var page = context.Render<PlanPage>(parameters => parameters.Add(shown => shown.Id, 4711));

        page.WaitForAssertion(() => Assert.Contains("There is no plan 4711", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Picked_instances_are_drained_in_waves_that_are_shown_before()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 6);
        var dialogs = context.RenderDialogs();
        var page = context.Render<ServicePage>(parameters => parameters.Add(shown => shown.Name, "cart"));
        foreach (var id in new[] { "cart-2", "cart-3" })
            await page.ChooseAsync($"Pick {id}", true);
        page.WaitForAssertion(() => Assert.Contains("2 instances picked", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);

        await page.PressAsync("Drain in waves");
        dialogs.WaitForAssertion(() => Assert.Contains("2 instances of 1 service in 2 waves", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("1 more can be taken out after it", dialogs.Text(), StringComparison.Ordinal);
        await dialogs.TypeAsync("Reason", "new kernel");
        await dialogs.PressAsync("Start: drain in waves");

        page.WaitForAssertion(() => Assert.Single(context.Registry.Current.Plans), ConsoleContext.Patience);
        var plan = context.Registry.Current.Plans.Values.Single();
        Assert.Equal(["cart-2", "cart-3"], plan.Asked.Keys.Select(key => key.Id));
        Assert.Equal(("new kernel", 2), (plan.Asked.Reason, plan.Asked.Waves.Length));
        page.WaitForAssertion(() => Assert.Contains("Drain 2 instances of cart", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Service_is_shifted_to_the_version_that_is_not_the_present_one()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 4);
        for (var number = 1; number <= 4; number++)
        {
            context.Registry.Execute(
                new RegisterInstance(new("cart", $"cart-{number}"), new() { Address = "127.0.0.1", Port = 9000 + number, Version = number <= 2 ? "v1" : "v2", Weight = number <= 2 ? 100 : 1 }),
                new Actor("cart", ActorKind.Service));
        }

        var dialogs = context.RenderDialogs();
        var page = context.Render<ServicePage>(parameters => parameters.Add(shown => shown.Name, "cart"));
        await page.PressAsync("Shift versions");
        dialogs.WaitForAssertion(() => Assert.Contains("cart moves from v1 to v2 in 4 steps: 5, 25, 50, 100 %", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.TypeAsync("Steps", "50, 25");
        dialogs.WaitForAssertion(() => Assert.Contains("rising, with commas", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.True(dialogs.Button("Shift to v2").HasAttribute("disabled"));
        await dialogs.TypeAsync("Steps", "10, 50");
        await dialogs.PressAsync("Shift to v2");

        page.WaitForAssertion(() => Assert.Single(context.Registry.Current.Plans), ConsoleContext.Patience);
        Assert.Equal([10, 50], context.Registry.Current.Plans.Values.Single().Asked.Waves.Select(wave => wave.Percent));
    }

    [Fact]
    public async Task Drain_that_begins_later_becomes_a_plan()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var dialogs = context.RenderDialogs();
        var page = context.Render<ServicePage>(parameters => parameters.Add(shown => shown.Name, "cart"));
        await page.PressAsync("Drain cart-2");
        dialogs.WaitForAssertion(() => dialogs.Field("Begins"), ConsoleContext.Patience);
        await dialogs.TypeAsync("Begins", "2001-01-01T00:00");
        dialogs.WaitForAssertion(() => Assert.Contains("in the future", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.TypeAsync("Begins", "2099-01-01T00:00");
        await dialogs.PressAsync("Drain cart-2");

        page.WaitForAssertion(() => Assert.Single(context.Registry.Current.Plans), ConsoleContext.Patience);
        var plan = context.Registry.Current.Plans.Values.Single();
        Assert.Equal((PlanState.Scheduled, new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero)), (plan.State, plan.Asked.StartAt));
        Assert.True(context.IntentOf("cart", "cart-2").IsActive);
    }

    [Fact]
    public async Task Plans_are_listed_open_and_over()
    {
        await using var context = new ConsoleContext();
        var first = Start(context);
        context.Bob(new CancelPlan(first));
        Start(context);

        var page = context.Render<PlansPage>();

        page.WaitForAssertion(() => Assert.Contains("Cancelled", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("1 under way", page.Text(), StringComparison.Ordinal);
        Assert.Contains("Drain 2 instances of cart", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Maintenance_that_expires_says_when_it_is_back_and_can_be_renewed()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Bob(new SetMaintenance(new("cart", "cart-2"), TimeProvider.System.GetUtcNow().AddHours(2.5)));

        var page = context.Render<ServicePage>(parameters => parameters.Add(shown => shown.Name, "cart"));

        page.WaitForAssertion(() => Assert.Contains("back in rotation in 2 h", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        page.Button("Renew maintenance of cart-2");
    }

    private static long Start(ConsoleContext context)
    {
        if (!context.Registry.Current.Services.ContainsKey("cart"))
            context.AddService("cart", 6);
        var started = (CommandResult.Committed)context.Bob(new StartPlan(PlanKind.Drain, new() { Service = "cart", Instances = [new("cart", "cart-1"), new("cart", "cart-2")] }) { Pace = new() { WaveSize = 1 } });
        return started.Change!.Changes.OfType<PlanChange>().Single().Id;
    }

    private static PlanTracker Tracker(ConsoleContext context) => context.Services.GetRequiredService<PlanTracker>();

    private static void Show(ConsoleContext context, PlanView view)
    {
        var board = new PlanBoard(ImmutableSortedDictionary<long, PlanView>.Empty.Add(view.Id, view));
        Tracker(context).Feed.Publish(board, new(board, [view], []));
    }
}
