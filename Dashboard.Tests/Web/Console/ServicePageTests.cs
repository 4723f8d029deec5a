using Bunit;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Services;
using System.Collections.Immutable;

namespace Dashboard.Tests.Web.Console;

public sealed class ServicePageTests
{
    [Fact]
    public async Task Weight_typed_previews_the_shares_and_changes_nothing()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));
        var before = context.Registry.Current.Revision;

        await page.TypeAsync("Weight of cart-1", "300");

        page.WaitForAssertion(() => Assert.Contains("25 % of cart's traffic moves to 1 instance", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("50.0 % → 75.0 %", page.Text(), StringComparison.Ordinal);
        Assert.Contains("1 weight staged, nothing is changed yet", page.Text(), StringComparison.Ordinal);
        Assert.Equal(before, context.Registry.Current.Revision);
    }

    [Fact]
    public async Task Weights_applied_are_one_change_by_the_signed_in_operator()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));

        await page.TypeAsync("Weight of cart-1", "300");
        await page.TypeAsync("Weight of cart-3", "50");
        page.WaitForAssertion(() => page.Button("Apply 2 weights"), ConsoleContext.Patience);
        await page.TypeAsync("Reason", "canary is fine");
        await page.SubmitAsync();

        page.WaitForAssertion(() => Assert.Equal([300, 100, 50], context.WeightsOf("cart")), ConsoleContext.Patience);
        var change = context.Registry.History[^1];
        Assert.Equal(("service.weights", "ada", ActorKind.Operator, "canary is fine"), (change.Action, change.Actor.Name, change.Actor.Kind, change.Reason));
        page.WaitForAssertion(() => Assert.DoesNotContain("staged", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    [Fact]
    public async Task What_instances_and_checks_say_is_text_and_never_markup()
    {
        const string Hostile = "\"><img src=x onerror=alert(1)> & <b>down</b>";
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        context.Registry.Execute(new RegisterInstance(new("cart", "cart-1"), new Registration { Address = "127.0.0.1", Port = 9001, Zone = Hostile, Version = Hostile }), new Actor("cart", ActorKind.Service));
        context.SetHealth(new("cart", "cart-1"), HealthStatus.Degraded, Hostile);
        Assert.IsType<CommandResult.Committed>(context.Registry.Execute(new DrainInstance(new("cart", "cart-2"), TimeSpan.FromMinutes(5), DeadlineAction.Hold) { Override = true, Reason = Hostile }, new Actor(Hostile, ActorKind.Operator)));

        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));

        var table = page.Find("table.instances");
        Assert.Empty(table.QuerySelectorAll("img, b, script"));
        Assert.Contains(table.QuerySelectorAll(".badge"), badge => badge.GetAttribute("title") == Hostile);
        Assert.Contains($"{Hostile} · {Hostile}", Finding.Flat(table.TextContent), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10001")]
    [InlineData("1.5")]
    [InlineData("-1")]
    [InlineData("many")]
    public async Task Weight_that_is_none_cannot_be_applied(string typed)
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));

        await page.TypeAsync("Weight of cart-1", typed);

        page.WaitForAssertion(() => Assert.Contains("whole number from 0 to 10000", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.True(page.Button("Apply 1 weight").HasAttribute("disabled"));
        Assert.Equal("true", page.Field("Weight of cart-1").GetAttribute("aria-invalid"));
    }

    [Fact]
    public async Task Weight_emptied_goes_back_to_the_registered_one()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        context.Bob(new SetWeights("cart", ImmutableSortedDictionary<string, int?>.Empty.Add("cart-1", 300)));
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));

        await page.TypeAsync("Weight of cart-1", "");
        page.WaitForAssertion(() => page.Button("Apply 1 weight"), ConsoleContext.Patience);
        await page.SubmitAsync();

        page.WaitForAssertion(() => Assert.Null(context.Registry.Current.OperatorStateOf(new("cart", "cart-1")).Weight), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Weight_changed_by_somebody_else_meanwhile_is_a_conflict_with_its_facts()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));
        await page.TypeAsync("Weight of cart-1", "300");
        page.WaitForAssertion(() => page.Button("Apply 1 weight"), ConsoleContext.Patience);

        context.Bob(new SetWeights("cart", ImmutableSortedDictionary<string, int?>.Empty.Add("cart-1", 7)) { Reason = "it is slow" });

        page.WaitForAssertion(
            () =>
            {
                Assert.Contains("Somebody else was here first.", page.Text(), StringComparison.Ordinal);
                Assert.Contains("bob", page.Text(), StringComparison.Ordinal);
                Assert.Contains("“it is slow”", page.Text(), StringComparison.Ordinal);
                Assert.True(page.Button("Apply 1 weight").HasAttribute("disabled"));
            },
            ConsoleContext.Patience);

        await page.PressAsync("Go on from the state as it is now");
        page.WaitForAssertion(() => Assert.False(page.Button("Apply 1 weight").HasAttribute("disabled")), ConsoleContext.Patience);
        await page.SubmitAsync();
        page.WaitForAssertion(() => Assert.Equal([300, 100], context.WeightsOf("cart")), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Registry_away_says_that_nothing_was_done()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));
        await page.TypeAsync("Weight of cart-1", "300");
        page.WaitForAssertion(() => page.Button("Apply 1 weight"), ConsoleContext.Patience);

        context.Registry.TakeAway();
        await page.SubmitAsync();

        page.WaitForAssertion(() => Assert.Contains("Not done: the registry's database is away", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Equal([100, 100], context.WeightsOf("cart"));
        Assert.Contains("1 weight staged", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row_changes_because_the_registry_says_so()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);
        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));

        context.SetHealth(new("cart", "cart-2"), HealthStatus.Unhealthy, "connection refused");

        page.WaitForAssertion(
            () =>
            {
                Assert.Contains("1 of 2 serving", page.Text(), StringComparison.Ordinal);
                Assert.Contains("connection refused", page.Text(), StringComparison.Ordinal);
            },
            ConsoleContext.Patience);
    }

    [Fact]
    public async Task Service_that_is_unknown_says_so()
    {
        await using var context = new ConsoleContext();

        var page = context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "nowhere"));

        Assert.Contains("There is no service called nowhere", page.Text(), StringComparison.Ordinal);
    }
}
