using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Browser;

/// <summary>An instance is killed, the alert asks for attention wherever the operator is, is acknowledged and silenced, and is resolved when the instance is back; a webhook hears of it.</summary>
[Collection(PressingPrograms.Name)]
public sealed class AttentionJourneyTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const float Patience = 60_000;
    private const string Summary = "orders-2 of orders is unhealthy";

    // Each state below stays until the operator or the test ends it, so that nothing depends on when the browser looks.
    private static readonly string[] Arguments =
    [
        "--Attention:Rules:InstanceUnhealthy:ForSeconds=1", "--Attention:Rules:InstanceUnhealthy:ClearSeconds=1",
        // A machine that is busy with other tests may fail a probe of a whole instance, or be slow to follow: this is about one alert.
        "--Attention:Rules:FollowerBehind:Enabled=false", "--Attention:Rules:StoreAway:Enabled=false", "--Attention:Rules:ServiceNearPanic:Enabled=false",
    ];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AKilledInstance_AsksForAttention_IsAcknowledgedSilencedAndResolved()
    {
        var told = new ConcurrentQueue<JsonElement>();
        await using var pager = await TestServer.StartAsync(HttpProtocols.Http1, null, app => app.Run(context => TakeAsync(context, told)));
        await using var console = await ConsoleProcess.StartAsync([.. Arguments, $"--Attention:Webhooks:0:Url=http://{pager.EndPoint}/T0/hush", "--Attention:Webhooks:0:Name=pager"], Cancelled);
        var backends = new List<Backend>();
        try
        {
            await RegisterAsync(console, backends);
            await using var journey = await Journey.SignInAsync(browser.Browser, console, cancellationToken: Cancelled);
            var page = journey.Page;
            page.SetDefaultTimeout(Patience);
            await page.GotoAsync(new Uri(console.Url, "/services").ToString());
            var bell = page.Locator("a.bell");
            await Expect(bell).ToHaveAccessibleNameAsync("Alerts: none", new() { Timeout = Patience });
            await Expect(page).ToHaveTitleAsync("Services · Dashboard");

            // Killed: the tab's title and the bell say so on whatever page one is.
            var port = backends[1].Port;
            await backends[1].DisposeAsync();
            await Expect(page).ToHaveTitleAsync("(1) Services · Dashboard", new() { Timeout = Patience });
            await Expect(bell).ToHaveAccessibleNameAsync("Alerts: 1 warning");
            await bell.ClickAsync();
            await Expect(page).ToHaveTitleAsync("(1) Alerts · Dashboard");
            await Expect(Row(page, "Firing")).ToContainTextAsync("Connection refused");
            await Expect(Row(page, "Firing").GetByRole(AriaRole.Link, new() { Name = Summary })).ToHaveAttributeAsync("href", "/services/orders?instance=orders-2");
            await AccessibleAsync(journey);

            await AcknowledgeAsync(journey);
            await SilenceAsync(journey);

            // Back on its feet: it is over.
            backends[1] = await Backend.StartAsync("orders-2", port: port);
            await Expect(Row(page, "Lately resolved")).ToContainTextAsync("lasted", new() { Timeout = Patience });
            await Expect(page).ToHaveTitleAsync("Alerts · Dashboard");
            await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Webhooks" })).ToContainTextAsync("Told");
            await AccessibleAsync(journey);
            await page.SetViewportSizeAsync(390, 844);
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Alerts", Exact = true })).ToBeVisibleAsync();
            var overhang = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(overhang <= 0, $"{overhang} px wider than a phone");
            await HearAsync(told);
            await AuditAsync(console);
            journey.AssertNoErrors();
        }
        finally
        {
            foreach (var backend in backends)
                await backend.DisposeAsync();
        }
    }

    private static async Task AcknowledgeAsync(Journey journey)
    {
        var page = journey.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = $"Acknowledge: {Summary}" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("At most").SelectOptionAsync("60");
        await dialog.GetByLabel(new Regex("^Reason")).FillAsync("on my way");
        await journey.AssertAccessibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Acknowledge it" }).ClickAsync();
        await Expect(Row(page, "Acknowledged")).ToContainTextAsync("“on my way”");
        // It still fires, and asks nobody.
        await Expect(page).ToHaveTitleAsync("Alerts · Dashboard");
        await Expect(page.Locator("a.bell")).ToHaveAccessibleNameAsync("Alerts: none");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Take back the acknowledgement of: {Summary}" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Take it back" }).ClickAsync();
        await Expect(page).ToHaveTitleAsync("(1) Alerts · Dashboard");
    }

    private static async Task SilenceAsync(Journey journey)
    {
        var page = journey.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = $"Silence: {Summary}" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("Covers 1 of 1 alert that fires now.");
        await dialog.GetByLabel("For").SelectOptionAsync("30");
        await dialog.GetByLabel(new Regex("^Reason")).FillAsync("new kernel");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await journey.AssertAccessibleAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Silence", Exact = true }).ClickAsync();
        await Expect(Row(page, "Silenced")).ToContainTextAsync("“new kernel”");
        await Expect(page).ToHaveTitleAsync("Alerts · Dashboard");
        await Expect(Row(page, "Silences")).ToContainTextAsync("“Instance unhealthy”, service orders, instance orders-2");
        await Expect(Row(page, "Silences")).ToContainTextAsync("1 alert");
        await page.GetByRole(AriaRole.Button, new() { Name = "End the silence about" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "End it" }).ClickAsync();
        await Expect(Row(page, "Firing")).ToContainTextAsync(Summary);
        await Expect(page).ToHaveTitleAsync("(1) Alerts · Dashboard");
        // By keys from another page.
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("n");
        await page.WaitForURLAsync(new Regex("/nodes$"));
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("l");
        await page.WaitForURLAsync(new Regex("/alerts$"));
    }

    private static ILocator Row(IPage page, string section) => page.GetByRole(AriaRole.Region, new() { Name = section, Exact = true }).Locator("tbody tr").First;

    private static async Task AccessibleAsync(Journey journey)
    {
        await journey.AssertAccessibleAsync();
        await journey.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await journey.AssertAccessibleAsync();
        await journey.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
    }

    private static async Task RegisterAsync(ConsoleProcess console, List<Backend> backends)
    {
        using var service = await console.Client.PutAsJsonAsync("/api/v1/services/orders", new { check = new { kind = "tcp", intervalSeconds = 0.5, rise = 1, fall = 3 } }, Cancelled);
        service.EnsureSuccessStatusCode();
        for (var number = 1; number <= 4; number++)
        {
            var backend = await Backend.StartAsync($"orders-{number}");
            backends.Add(backend);
            using var instance = await console.Client.PutAsJsonAsync($"/api/v1/services/orders/instances/{backend.Id}", new { address = "127.0.0.1", port = backend.Port, node = $"n{number}" }, Cancelled);
            instance.EnsureSuccessStatusCode();
        }
    }

    // Told when it fired, and at the latest when it was over; the acknowledgement did not end it for the webhook, the silence did.
    private static async Task HearAsync(ConcurrentQueue<JsonElement> told)
    {
        JsonElement[] alerts = [];
        await Eventually.TrueAsync(
            () => Task.FromResult((alerts = [.. told.SelectMany(body => body.GetProperty("alerts").EnumerateArray()).Where(alert => alert.GetProperty("target").GetString() == "orders/orders-2")])
                is [.., var last] && last.GetProperty("status").GetString() == "resolved"),
            TimeSpan.FromMilliseconds(Patience), () => $"the webhook hears the end, not\n{string.Join('\n', alerts)}", Cancelled);
        Assert.Equal("firing", alerts[0].GetProperty("status").GetString());
        Assert.Single(alerts.Select(alert => alert.GetProperty("fingerprint").GetString()).Distinct());
    }

    private static async Task AuditAsync(ConsoleProcess console)
    {
        var audit = await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/audit?action=alert.*&service=orders&instance=orders-2", Cancelled);
        Assert.Equal(
            ["alert.end", "alert.silence", "alert.end", "alert.acknowledge"],
            audit.GetProperty("changes").EnumerateArray().Where(change => change.GetProperty("actor").GetProperty("kind").GetString() == "operator").Select(change => change.GetProperty("action").GetString()));
        Assert.DoesNotContain("hush", console.Output, StringComparison.Ordinal);
    }

    private static async Task TakeAsync(HttpContext context, ConcurrentQueue<JsonElement> told)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        told.Enqueue(body.RootElement.Clone());
        context.Response.StatusCode = (int)HttpStatusCode.NoContent;
    }
}
