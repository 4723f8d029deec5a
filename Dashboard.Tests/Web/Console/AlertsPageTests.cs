using System.Collections.Immutable;
using Bunit;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Attention;
using Dashboard.Web.Console.Shell;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Found = Dashboard.Core.Attention.Finding;

namespace Dashboard.Tests.Web.Console;

public sealed class AlertsPageTests
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly AlertMark Acknowledged = new(7, AlertMarkKind.Acknowledgement, new(Alert: "instanceUnhealthy:orders/b"), Now, Now.AddHours(1), "bob", "on it");
    private static readonly AlertMark Silenced = new(8, AlertMarkKind.Silence, new(Service: "cart"), Now, Now.AddHours(1), "bob", "new kernel");

    [Fact]
    public async Task Before_the_first_look_it_says_that_it_looks_and_then_that_all_is_well()
    {
        await using var context = new ConsoleContext();
        var page = context.Render<AlertsPage>();
        Assert.Contains("Looking …", page.Text(), StringComparison.Ordinal);

        Publish(context);

        page.WaitForAssertion(() => Assert.Contains("All is well", page.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Contains("Nobody outside is told", page.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain("has not looked lately", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_nobody_looks_any_more_is_said()
    {
        await using var context = new ConsoleContext();
        Publish(context);
        context.Services.GetRequiredService<AttentionBoard>().Looked(Now.AddMinutes(-1));

        Assert.Contains("has not looked lately", context.Render<AlertsPage>().Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alerts_are_grouped_counted_and_link_to_where_one_acts()
    {
        await using var context = new ConsoleContext();
        Everything(context);

        var page = context.Render<AlertsPage>();

        Assert.Equal(["Firing", "Acknowledged", "Silenced", "About to fire", "Lately resolved", "Webhooks"], page.FindAll("section[aria-label]").Select(section => section.GetAttribute("aria-label")));
        Assert.Equal("1 critical 1 acknowledged 1 silenced 1 about to fire", Finding.Flat(page.Find("[aria-label=Counts]").TextContent));
        var firing = page.Find("section[aria-label=Firing] tbody tr");
        Assert.Equal("/services/orders?instance=a", firing.QuerySelector("th a")!.GetAttribute("href"));
        Assert.Contains("3 in a row.", firing.TextContent, StringComparison.Ordinal);
        Assert.Contains("bob, until", page.Find("section[aria-label=Acknowledged]").TextContent, StringComparison.Ordinal);
        Assert.Contains("“new kernel”", page.Find("section[aria-label=Silenced]").TextContent, StringComparison.Ordinal);
        Assert.NotNull(page.Button("Take back the acknowledgement of: b is unhealthy"));
        Assert.NotNull(page.Button("End the silence of: c is unhealthy"));
    }

    [Theory]
    [InlineData("?show=silenced", "c")]
    [InlineData("?severity=critical", "a")]
    [InlineData("?q=SECOND", "b")]
    [InlineData("?rule=storeAway", "")]
    [InlineData("?severity=none", "a b c d e")]
    public async Task Filters_are_taken_from_the_address(string query, string ids)
    {
        await using var context = new ConsoleContext();
        Everything(context);
        context.Services.GetRequiredService<NavigationManager>().NavigateTo("/alerts" + query);

        var page = context.Render<AlertsPage>();

        Assert.Equal(ids, string.Join(' ', page.FindAll("tr[id] th a").Select(link => link.TextContent[..1]).Order(StringComparer.Ordinal)));
        Assert.Equal(ids.Length == 0, page.Text().Contains("No alert matches these filters", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_filter_that_is_chosen_is_kept_in_the_address()
    {
        await using var context = new ConsoleContext();
        Everything(context);
        context.Services.GetRequiredService<NavigationManager>().NavigateTo("/alerts");
        var page = context.Render<AlertsPage>();

        await page.ChooseAsync("Severity", "warning");

        Assert.EndsWith("/alerts?severity=warning", context.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acknowledging_writes_who_until_when_and_why()
    {
        await using var context = new ConsoleContext();
        Everything(context);
        var dialogs = context.RenderDialogs();
        var page = context.Render<AlertsPage>();

        await page.PressAsync("Acknowledge: a is unhealthy");
        dialogs.WaitForAssertion(() => dialogs.Button("Acknowledge it"), ConsoleContext.Patience);
        await dialogs.ChooseAsync("At most", "60");
        await dialogs.TypeAsync("Reason", "looking");
        await dialogs.SubmitAsync();

        dialogs.WaitForAssertion(() => Assert.Single(context.Registry.Current.AlertMarks), ConsoleContext.Patience);
        var mark = context.Registry.Current.AlertMarks.Values.Single();
        Assert.Equal((AlertMarkKind.Acknowledgement, "instanceUnhealthy:orders/a", "ada", "looking"), (mark.Kind, mark.Match.Alert, mark.Actor, mark.Reason));
        Assert.InRange((mark.Until - mark.At).TotalMinutes, 59, 61);
    }

    [Fact]
    public async Task A_silence_begins_with_the_alert_needs_a_reason_and_says_what_it_covers()
    {
        await using var context = new ConsoleContext();
        Everything(context);
        var dialogs = context.RenderDialogs();
        var page = context.Render<AlertsPage>();

        await page.PressAsync("Silence: a is unhealthy");
        dialogs.WaitForAssertion(() => dialogs.Button("Silence"), ConsoleContext.Patience);
        Assert.Contains("Covers 1 of 3 alerts that fire now.", dialogs.Text(), StringComparison.Ordinal);
        Assert.True(dialogs.Button("Silence").HasAttribute("disabled"));
        await dialogs.TypeAsync("Instance", "");
        Assert.Contains("Covers 2 of 3 alerts", dialogs.Text(), StringComparison.Ordinal);
        await dialogs.ChooseAsync("For", "30");
        await dialogs.TypeAsync("Reason", "new kernel");
        await dialogs.SubmitAsync();

        dialogs.WaitForAssertion(() => Assert.Single(context.Registry.Current.AlertMarks), ConsoleContext.Patience);
        Assert.Equal(new AlertMatch("instanceUnhealthy", "orders"), context.Registry.Current.AlertMarks.Values.Single().Match);
        page.WaitForAssertion(() => Assert.Contains("“Instance unhealthy”, service orders", page.Find("section[aria-label=Silences]").TextContent, StringComparison.Ordinal), ConsoleContext.Patience);
        await page.PressAsync("End the silence about “Instance unhealthy”, service orders");
        dialogs.WaitForAssertion(() => dialogs.Button("End it"), ConsoleContext.Patience);
        await dialogs.SubmitAsync();
        page.WaitForAssertion(() => Assert.Empty(context.Registry.Current.AlertMarks), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Webhooks_say_how_telling_goes_and_nothing_secret()
    {
        await using var context = new ConsoleContext();
        var options = new AttentionOptions(webhooks: [new("pager", new("https://hooks.example/T0/hush?k=hush"), WebhookFormat.Json) { Headers = [("Authorization", "hush")] }]);
        context.Services.AddSingleton(options);
        Publish(context);
        context.Services.GetRequiredService<WebhookBoard>().Set(0, state => state with { IsOurs = true, Waiting = 3, LastFailure = "it answered 500", FailingSince = Now, NextAttempt = TimeProvider.System.GetUtcNow().AddSeconds(119) });

        var page = context.Render<AlertsPage>();

        var text = Finding.Flat(page.Find("section[aria-label=Webhooks]").TextContent);
        Assert.Contains("pagerJSON · https://hooks.example", text, StringComparison.Ordinal);
        Assert.Contains("it answered 500; next attempt in 1 min", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bell_counts_by_shape_and_says_what_is_new_and_critical()
    {
        await using var context = new ConsoleContext();
        Publish(context, Of("a", AlertSeverity.Warning));
        var bell = context.Render<AlertBell>();
        Assert.Equal("Alerts: 1 warning", NameOf(bell));
        Assert.Equal("", bell.Find("[role=status]").TextContent);

        Publish(context, Of("a", AlertSeverity.Warning), Of("b", AlertSeverity.Critical));

        bell.WaitForAssertion(() => Assert.Equal("Critical alert: b is unhealthy", bell.Find("[role=status]").TextContent), ConsoleContext.Patience);
        Assert.Equal("Alerts: 1 critical, 1 warning", NameOf(bell));
        Assert.Equal(["mark state-unhealthy", "mark state-degraded"], bell.FindAll("svg.mark").Select(mark => mark.ClassName));
        Publish(context);
        bell.WaitForAssertion(() => Assert.Equal("Alerts: none", NameOf(bell)), ConsoleContext.Patience);
        Assert.Empty(bell.FindAll("svg.mark"));
    }

    // What assistive technology reads: the figures are for the eye, and an aria-label would have to hold them as they are drawn.
    private static string NameOf(IRenderedComponent<AlertBell> bell)
    {
        var link = bell.Find("a");
        Assert.False(link.HasAttribute("aria-label"));
        return Finding.Flat(string.Concat(link.Children.Where(child => child.GetAttribute("aria-hidden") != "true").Select(child => child.TextContent)));
    }

    [Fact]
    public async Task The_palette_knows_the_way()
    {
        await using var context = new ConsoleContext();

        Assert.Contains(JumpTarget.Find(context.Registry.Current, "alerts"), target => target.Address == "/alerts");
        Assert.Contains(JumpTarget.Find(context.Registry.Current, "silence"), target => target.Begin is not null);
    }

    private static void Everything(ConsoleContext context) => Publish(
        context,
        Of("a", AlertSeverity.Critical),
        Of("b", AlertSeverity.Warning) with { Acknowledgement = Acknowledged },
        Of("c", AlertSeverity.Warning) with { Silence = Silenced },
        Of("d", AlertSeverity.Warning) with { State = AlertState.Pending },
        Of("e", AlertSeverity.Warning) with { State = AlertState.Resolved, ResolvedAt = Now });

    private static Alert Of(string id, AlertSeverity severity) => new(
        new Found(new(AlertRule.InstanceUnhealthy, $"orders/{id}"), $"{id} is unhealthy", id == "b" ? "The second." : "3 in a row.", $"/services/orders?instance={id}") { Service = id == "c" ? "cart" : "orders", Instance = id },
        severity,
        AlertState.Firing,
        Now.AddMinutes(-1));

    private static void Publish(ConsoleContext context, params ImmutableArray<Alert> alerts)
    {
        var board = context.Services.GetRequiredService<AttentionBoard>();
        var next = new AlertBoard([.. AlertBoard.Sort(alerts)], 0);
        board.Looked(Now.AddHours(1));
        board.Feed.Publish(next, new(next, alerts));
    }
}
