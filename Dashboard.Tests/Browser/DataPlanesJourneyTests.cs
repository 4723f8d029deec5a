using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Dashboard.Tests.Wire.HAProxy;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Browser;

/// <summary>
/// Who follows, in the browser, with real followers: the gateway, a HAProxy, a DNS client, and a watch stream that has gone. It also shows what a page does when its line to the console breaks, and when
/// the console is restarted.
/// </summary>
[Collection(WaitingPrograms.Name)]
public sealed class DataPlanesJourneyTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // A loopback address of the test's own: its ports are free.
    private static readonly string Host = $"127.{(Environment.ProcessId >> 8) & 127 | 64}.{Environment.ProcessId & 255}.7";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Operator_FindsWhoDoesNotAcknowledgeAndForgetsIt_AndThePageOutlivesTheConnectionAndTheConsole()
    {
        Peer.Require("haproxy", "apt-get install haproxy");
        var dig = Peer.Require("dig", "apt-get install bind9-dnsutils");
        string[] arguments = [$"--Agent:Endpoint={Host}:5054", $"--Dns:Endpoint={Host}:5053"];
        var directory = Directory.CreateTempSubdirectory("dashboard-planes-").FullName;
        try
        {
            ConsolePorts ports;
            await using (var console = await ConsoleProcess.StartAsync(arguments, Cancelled, directory))
            {
                ports = console.Ports;
                await RegisterAsync(console);
                await using var haproxy = await HAProxyProcess.StartAsync("agent-check.cfg", new Dictionary<int, int>(), Cancelled, text => text.Replace("agent-addr 127.0.0.1", $"agent-addr {Host}", StringComparison.Ordinal));
                await ChildProcess.RunAsync(dig, ["+short", $"@{Host}", "-p", "5053", "orders.mesh"], Cancelled);
                await FollowAndLeaveAsync(console, "edge-1");
                await StateAsync(console, "haproxy:lb-1", "current");
                await StateAsync(console, "edge-1", "silent");
                var operation = await DrainAsync(console);

                await using var line = new CutLine(ports.Console);
                await using var journey = await OpenAsync(console, line);
                await SeeAsync(journey, line, operation);
                await ForgetAsync(journey, console, operation);
                await LoseTheConnectionAsync(journey, console, line);
                await console.InterruptAsync(Cancelled);
                await Expect(journey.Page.Locator("#circuit-banner")).ToBeVisibleAsync();
                await using var again = await ConsoleProcess.StartAsync(arguments, Cancelled, directory, ports);
                // The console has forgotten the page: it is loaded again, signed in still, at the same address.
                await Expect(journey.Page.Locator("#circuit-banner")).ToBeHiddenAsync();
                await Expect(journey.Page.GetByRole(AriaRole.Heading, new() { Name = "Data planes", Exact = true })).ToBeVisibleAsync();
                await Expect(Row(journey.Page, "haproxy:lb-1")).ToContainTextAsync("Up to date");
                await Expect(journey.Page.Locator("#circuit-banner")).ToBeHiddenAsync();
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static ILocator Row(IPage page, string id) => page.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByRole(AriaRole.Link, new() { Name = id, Exact = true }) });

    private static async Task SeeAsync(Journey journey, CutLine line, long operation)
    {
        var page = journey.Page;
        await page.GotoAsync(new Uri(line.Url, $"/operations/{operation}").ToString());
        var laggards = page.GetByRole(AriaRole.Region, new() { Name = "Not yet acknowledged" });
        await Expect(laggards).ToContainTextAsync("1 of 3");
        await laggards.GetByRole(AriaRole.Link, new() { Name = "edge-1" }).ClickAsync();
        await page.WaitForURLAsync(new Regex("/data-planes\\?plane=edge-1$"));
        await Expect(Row(page, "edge-1")).ToContainTextAsync($"operation {operation}");
        await Expect(Row(page, "edge-1")).ToContainTextAsync("Silent");
        await Expect(Row(page, "haproxy:lb-1")).ToContainTextAsync("Up to date");
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "DNS client" })).ToContainTextAsync("Cannot confirm");
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "gateway@" })).ToContainTextAsync("Up to date");
        await journey.AssertAccessibleAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await journey.AssertAccessibleAsync();
        await page.SetViewportSizeAsync(390, 844);
        var overhang = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(overhang <= 0, $"{overhang} px wider than a phone");
        journey.AssertNoErrors();
    }

    private static async Task ForgetAsync(Journey journey, ConsoleProcess console, long operation)
    {
        var page = journey.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = "Forget edge-1" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel(new Regex("^Reason")).FillAsync("its host was scrapped");
        await journey.AssertAccessibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Forget it" }).ClickAsync();
        await Expect(Row(page, "edge-1")).ToHaveCountAsync(0);
        await Eventually.TrueAsync(
            async () =>
            {
                var acknowledged = (await console.Client.GetFromJsonAsync<JsonElement>($"/api/v1/operations/{operation}", Cancelled)).GetProperty("acknowledged");
                return (acknowledged.GetProperty("count").GetInt32(), acknowledged.GetProperty("of").GetInt32(), acknowledged.GetProperty("cannotConfirm").GetInt32()) == (2, 2, 1);
            },
            Patience, () => "the drain waits for the other two alone", Cancelled);
        var audit = await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/audit?action=follower.forget", Cancelled);
        Assert.Equal("its host was scrapped", Assert.Single(audit.GetProperty("changes").EnumerateArray()).GetProperty("reason").GetString());
    }

    // The same circuit goes on: what was on the page is still there, and what was changed meanwhile appears.
    private static async Task LoseTheConnectionAsync(Journey journey, ConsoleProcess console, CutLine line)
    {
        var page = journey.Page;
        await page.EvaluateAsync("globalThis.sameDocument = true");
        line.Cut();
        await Expect(page.Locator("#circuit-banner")).ToBeVisibleAsync();
        await Expect(page.Locator("#circuit-banner")).ToContainTextAsync(new Regex("lost|cannot be reached"));
        await journey.AssertAccessibleAsync();
        await FollowAndLeaveAsync(console, "edge-2");
        await Expect(Row(page, "edge-2")).ToHaveCountAsync(0);
        line.Mend();
        await Expect(page.Locator("#circuit-banner")).ToBeHiddenAsync();
        await Expect(Row(page, "edge-2")).ToBeVisibleAsync();
        Assert.True(await page.EvaluateAsync<bool>("globalThis.sameDocument === true"), "the page went on, it was not loaded again");
    }

    private async Task<Journey> OpenAsync(ConsoleProcess console, CutLine line)
    {
        var said = await console.SaysAsync("/sign-in?", Patience, Cancelled);
        var link = Regex.Match(said, @"/sign-in\?\S+").Value;
        return await Journey.OpenAsync(browser.Browser, new Uri(line.Url, link).ToString(), 1440, 900, ColorScheme.Dark);
    }

    private static async Task RegisterAsync(ConsoleProcess console)
    {
        using var service = await console.Client.PutAsJsonAsync("/api/v1/services/orders", new { check = new { kind = "none" }, minEligiblePercent = 0 }, Cancelled);
        service.EnsureSuccessStatusCode();
        for (var i = 1; i <= 3; i++)
        {
            using var instance = await console.Client.PutAsJsonAsync($"/api/v1/services/orders/instances/orders-{i}", new { address = Host, port = 9000 + i }, Cancelled);
            instance.EnsureSuccessStatusCode();
        }
    }

    private static async Task FollowAndLeaveAsync(ConsoleProcess console, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/watch");
        request.Headers.Add("X-Mesh-Client", id);
        using var stream = await console.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        stream.EnsureSuccessStatusCode();
    }

    private static Task StateAsync(ConsoleProcess console, string id, string state) => Eventually.TrueAsync(
        async () => (await console.Client.GetFromJsonAsync<JsonElement>($"/api/v1/subscribers?state={state}", Cancelled)).GetProperty("subscribers").EnumerateArray().Any(one => one.GetProperty("id").GetString() == id),
        Patience, () => $"{id} is {state}", Cancelled);

    private static async Task<long> DrainAsync(ConsoleProcess console)
    {
        using var answer = await console.Client.PostAsJsonAsync("/api/v1/services/orders/instances/orders-1/drain", new { reason = "kernel update" }, Cancelled);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("id").GetInt64();
    }
}
