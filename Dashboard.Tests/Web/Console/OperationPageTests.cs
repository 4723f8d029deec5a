using System.Collections.Immutable;
using Bunit;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Operations;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Console;

public sealed class OperationPageTests
{
    private static readonly InstanceKey Target = new("cart", "cart-2");

    [Fact]
    public async Task Drain_names_laggards_and_keeps_requests_and_long_lived_apart()
    {
        await using var context = new ConsoleContext();
        var operation = Drain(context);
        Show(context, View(operation) with
        {
            Acknowledged = 1,
            Followers = 2,
            Laggards = [new("gateway-2", FollowerKind.Gateway, "10.0.0.2", Connected: false, Acknowledged: 3, LastSeen: operation.CommittedAt, Refusal: null)],
            Drain = new(operation.Deadline, DeadlineAction.Hold, [new(Target, IntentKind.Draining, Requests: 5, LongLived: 2, Unknown: "gateway-2 is silent")], ZeroSince: null, Alarm: false),
        });

        var page = context.Render<OperationPage>(parameters => parameters.Add(shown => shown.Id, operation.Id));

        page.WaitForAssertion(() => Assert.Contains("at least 5 requests and 2 long-lived connections open", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("Not yet acknowledged: 1 of 2", page.Text(), StringComparison.Ordinal);
        Assert.Contains("gateway-2", page.Text(), StringComparison.Ordinal);
        Assert.Contains("gateway-2 is silent", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drain_is_taken_back_from_its_page()
    {
        await using var context = new ConsoleContext();
        var operation = Drain(context);
        var dialogs = context.RenderDialogs();
        var page = context.Render<OperationPage>(parameters => parameters.Add(shown => shown.Id, operation.Id));

        await page.PressAsync("Take it back");
        dialogs.WaitForAssertion(() => Assert.Contains("takes new requests again at once", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.SubmitAsync();

        page.WaitForAssertion(() => Assert.Contains("Taken back", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.True(context.IntentOf("cart", "cart-2").IsActive);
    }

    [Fact]
    public async Task Force_says_how_much_is_cut()
    {
        await using var context = new ConsoleContext();
        var operation = Drain(context);
        Show(context, View(operation) with { Drain = new(operation.Deadline, DeadlineAction.Hold, [new(Target, IntentKind.Draining, 5, 2, null)], null, false) });
        var dialogs = context.RenderDialogs();
        var page = context.Render<OperationPage>(parameters => parameters.Add(shown => shown.Id, operation.Id));
        page.WaitForAssertion(() => page.Button("Force"), ConsoleContext.Patience);

        await page.PressAsync("Force");
        dialogs.WaitForAssertion(() => Assert.Contains("5 requests and 2 long-lived connections are cut.", dialogs.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        await dialogs.PressAsync("Force it");

        page.WaitForAssertion(() => Assert.Equal(IntentKind.Drained, context.IntentOf("cart", "cart-2").Kind), ConsoleContext.Patience);
        Assert.True(context.IntentOf("cart", "cart-2").Forced);
    }

    [Fact]
    public async Task A_maintenance_says_when_it_ends_until_somebody_ends_it()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 3);
        context.Bob(new SetMaintenance(Target, context.Registry.Current.At + TimeSpan.FromHours(3)));
        var id = context.Registry.Current.Operations.Values.Single().Id;

        var page = context.Render<OperationPage>(parameters => parameters.Add(shown => shown.Id, id));
        page.WaitForAssertion(() => Assert.Matches("back in rotation in [23] h( 59 min)?, at .*, unless renewed", page.Text()), ConsoleContext.Patience);

        context.Bob(new UndrainInstance(Target));
        page.WaitForAssertion(() => Assert.DoesNotContain("back in rotation", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    [Fact]
    public async Task What_keeps_a_stage_stands_before_its_sentence()
    {
        await using var context = new ConsoleContext();
        var operation = Drain(context);
        Show(context, View(operation) with
        {
            Stages = [new(StageKind.Observed, StageState.Stalled, null, "the traffic disagrees", StageReasons.Panic | StageReasons.StaleDns | StageReasons.Disagrees)],
        });

        var page = context.Render<OperationPage>(parameters => parameters.Add(shown => shown.Id, operation.Id));

        page.WaitForAssertion(() => Assert.Equal(["Panic", "Stale DNS?"], page.FindAll(".stage-reason").Select(reason => reason.TextContent)), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Operation_that_is_unknown_says_so()
    {
        await using var context = new ConsoleContext();

        var page = context.Render<OperationPage>(parameters => parameters.Add(shown => shown.Id, 4711));

        page.WaitForAssertion(() => Assert.Contains("There is no operation 4711", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
    }

    private static Operation Drain(ConsoleContext context)
    {
        context.AddService("cart", 3);
        context.Bob(new DrainInstance(Target));
        return context.Registry.Current.Operations.Values.Single();
    }

    private static OperationView View(Operation operation) => new()
    {
        Operation = operation,
        Acknowledged = 0,
        Followers = 0,
        Stages = [new(StageKind.Requested, StageState.Done, operation.RequestedAt, "by bob"), new(StageKind.Acknowledged, StageState.Active, null, "1 of 2")],
    };

    private static void Show(ConsoleContext context, OperationView view)
    {
        var board = new OperationBoard(ImmutableSortedDictionary<long, OperationView>.Empty.Add(view.Id, view));
        context.Services.GetRequiredService<OperationTracker>().Feed.Publish(board, new(board, [view], []));
    }
}
