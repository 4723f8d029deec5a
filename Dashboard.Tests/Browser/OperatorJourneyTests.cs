using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Browser;

/// <summary>What an operator does in the browser, against the real program and its demo mesh.</summary>
[Collection(PressingPrograms.Name)]
public sealed partial class OperatorJourneyTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const float Patience = 60_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Operator_ChangesWeightsDrainsAndUndoes_AndSeesTheTrafficFollow()
    {
        await using var console = await ConsoleProcess.StartAsync(["--demo"], Cancelled);
        await using var journey = await Journey.SignInAsync(browser.Browser, console, cancellationToken: Cancelled);
        var page = journey.Page;
        page.SetDefaultTimeout(Patience);

        await SeeTheTopologyMoveAsync(journey);
        await ChangeWeightsAsync(journey);
        var operation = await DrainAsync(journey, console);
        await UndoAsync(journey, console, operation);
        journey.AssertNoErrors();
    }

    [Fact]
    public async Task EveryPage_IsAccessibleInBothThemesFitsAPhoneAndKeepsStill()
    {
        await using var console = await ConsoleProcess.StartAsync(["--demo"], Cancelled);
        await Eventually.TrueAsync(async () => (await TopologyAsync(console)).Count(node => node.GetProperty("rps").GetDouble() > 0) >= 8, TimeSpan.FromSeconds(60), () => $"the demo runs:\n{console.Output}", Cancelled);
        var operation = await DrainByApiAsync(console, "storefront", "storefront-2");
        using var planned = await console.Client.PostAsJsonAsync("/api/v1/plans", new { kind = "drain", select = new { service = "catalog" }, startAt = "2099-01-01T00:00:00Z", @override = true, reason = "to be looked at" }, Cancelled);
        var plan = (await planned.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("id").GetInt64();
        await using var journey = await Journey.SignInAsync(browser.Browser, console, motion: ReducedMotion.Reduce, cancellationToken: Cancelled);
        var page = journey.Page;
        page.SetDefaultTimeout(Patience);
        var then = Uri.EscapeDataString(TimeProvider.System.GetUtcNow().AddSeconds(-3).ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture));
        string[] paths =
        [
            "/", "/?view=table", "/?focus=storefront", "/services", "/services?q=nobody", "/services/storefront", "/services/storefront?instance=storefront-1", "/services/nobody", "/services/catalog/from/storefront", "/nodes", "/nodes?node=node-a1", $"/services?at={then}",
            "/data-planes", "/operations", $"/operations/{operation}", "/operations/4711", "/plans", $"/plans/{plan}", "/alerts", "/settings", "/activity", "/activity?all=true", "/nowhere",
        ];
        foreach (var path in paths)
        {
            await page.SetViewportSizeAsync(1440, 900);
            await page.GotoAsync(new Uri(console.Url, path).ToString());
            await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeVisibleAsync(new() { Timeout = Patience });
            await Expect(page.Locator("text=Reading …")).ToHaveCountAsync(0, new() { Timeout = Patience });
            await AssertAccessibleInBothThemesAsync(journey);
            await page.SetViewportSizeAsync(390, 844);
            var overhang = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(overhang <= 0, $"{path} is {overhang} px wider than a phone");
            // Nothing moves for whoever asked for that.
            var moving = await page.EvaluateAsync<string[]>("document.getAnimations().filter(a => a.playState === 'running' && (a.effect?.getComputedTiming().endTime ?? 0) > 10).map(a => `${a.animationName ?? a.transitionProperty} of ${a.effect.target?.className}`)");
            Assert.True(moving.Length == 0, $"{path} moves: {string.Join(", ", moving)}");
        }

        await SeeTheDialogsAsync(journey, console, plan, operation);
        // One of the addresses leads nowhere, and the browser says so.
        Assert.All(journey.Errors, error => Assert.Contains("404", error, StringComparison.Ordinal));
    }

    private static async Task AssertAccessibleInBothThemesAsync(Journey journey)
    {
        // Dark first: a page begins with the light palette until the browser has told its theme.
        foreach (var scheme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            await journey.Page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            await ThemeAsync(journey.Page, scheme);
            await journey.AssertAccessibleAsync();
        }
    }

    private static async Task ThemeAsync(IPage page, ColorScheme scheme)
    {
        await page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        await Expect(page.Locator($"html[data-theme={(scheme == ColorScheme.Light ? "light" : "dark")}]")).ToHaveCountAsync(1, new() { Timeout = Patience });
        // The style sheet follows at once, what is left of the components' palette by way of the console.
        await page.WaitForFunctionAsync(
            """
            dark => {
              const probe = document.body.appendChild(document.createElement('i'));
              probe.style.color = 'var(--mud-palette-text-disabled)';
              const bright = getComputedStyle(probe).color.match(/[0-9.]+/g).slice(0, 3).every(part => Number(part) > 128);
              probe.remove();
              return bright === dark;
            }
            """,
            scheme == ColorScheme.Dark, new() { Timeout = Patience });
        // A transition of no time still takes a frame, until which the colours before it are drawn.
        await page.WaitForFunctionAsync(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(document.getAnimations().every(moving => moving.playState !== 'running' || moving.effect?.getComputedTiming().endTime === Infinity)))))",
            null, new() { Timeout = Patience });
    }

    // Each is opened as an operator opens it, looked at in both themes, and fits a phone.
    private static async Task SeeTheDialogsAsync(Journey journey, ConsoleProcess console, long plan, long operation)
    {
        var page = journey.Page;
        (string Path, string Button)[] dialogs =
        [
            ("/services/storefront", "Drain storefront-1"), ("/services/storefront?act=maintain:storefront/storefront-1", "Maintain storefront-1"), ("/services/storefront", "Shift versions"), ("/services/storefront", "In waves"),
            ("/nodes", "Drain host node-a1"), ("/plans", "Plan …"), ("/nodes", "Keys"), ("/nodes", "Jump"), ("/alerts", "New silence …"), ($"/plans/{plan}", "Cancel"), ($"/operations?act=undo:{operation}", "Undo"), ("/nodes?act=undrain:storefront/storefront-2", "Undrain"),
        ];
        foreach (var (path, button) in dialogs)
        {
            await page.SetViewportSizeAsync(1440, 900);
            await page.GotoAsync(new Uri(console.Url, path).ToString());
            if (!path.Contains("act=", StringComparison.Ordinal))
                await page.GetByRole(AriaRole.Button, new() { NameRegex = new($"^{Regex.Escape(button)}( Ctrl K)?$") }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync(new() { Timeout = Patience });
            // An act's dialog is in the address, however it was opened.
            if (button is not ("Keys" or "Jump"))
                await page.WaitForURLAsync(new Regex("[?&]act=[a-z-]+"), new() { Timeout = Patience });
            await SeeInBothThemesAsync(journey, page.GetByRole(AriaRole.Dialog), button);
            await page.SetViewportSizeAsync(390, 844);
            await journey.AssertFitsAsync();
        }

        // Weights are staged in the page itself.
        await page.SetViewportSizeAsync(1440, 900);
        await page.GotoAsync(new Uri(console.Url, "/services/storefront").ToString());
        await page.GetByLabel("Weight of storefront-1", new() { Exact = true }).FillAsync("300");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Staged weights" })).ToBeVisibleAsync(new() { Timeout = Patience });
        await SeeInBothThemesAsync(journey, page.GetByRole(AriaRole.Region, new() { Name = "Staged weights" }), "staged weights");
    }

    private static async Task SeeInBothThemesAsync(Journey journey, ILocator part, string what)
    {
        foreach (var scheme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            await ThemeAsync(journey.Page, scheme);
            await journey.AssertAccessibleAsync(part, $"{what}, {scheme}");
        }
    }

    private static async Task SeeTheTopologyMoveAsync(Journey journey)
    {
        var page = journey.Page;
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Topology" })).ToBeVisibleAsync(new() { Timeout = Patience });
        await Expect(page.Locator("canvas").First).ToBeVisibleAsync(new() { Timeout = Patience });
        await page.GetByRole(AriaRole.Button, new() { Name = "Table" }).ClickAsync();
        var row = page.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByRole(AriaRole.Link, new() { Name = "storefront", Exact = true }) }).First;
        await Expect(row).ToBeVisibleAsync(new() { Timeout = Patience });
        var before = await row.InnerTextAsync();
        await Expect(row).Not.ToHaveTextAsync(before, new() { Timeout = Patience, UseInnerText = true });
        await row.GetByRole(AriaRole.Link, new() { Name = "storefront", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "storefront", Exact = true })).ToBeVisibleAsync(new() { Timeout = Patience });
    }

    private static async Task ChangeWeightsAsync(Journey journey)
    {
        var page = journey.Page;
        await page.GetByLabel("Weight of storefront-1", new() { Exact = true }).FillAsync("300");
        var staged = page.GetByRole(AriaRole.Region, new() { Name = "Staged weights" });
        await Expect(staged).ToContainTextAsync("storefront-1");
        await staged.GetByLabel(new Regex("^Reason")).FillAsync("warm the cache of storefront-1");
        await staged.GetByRole(AriaRole.Button, new() { NameRegex = ApplyPattern() }).ClickAsync();

        // 300 of 300 + 100 + 50; the bars follow because the traffic does.
        var shares = page.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByLabel("Weight of storefront-1", new() { Exact = true }) }).GetByRole(AriaRole.Img, new() { NameRegex = new("intended share 66[.,]7") });
        await Expect(shares).ToBeVisibleAsync(new() { Timeout = Patience });
        await Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = new("intended share 66[.,]7.*inside the noise band") })).ToBeVisibleAsync(new() { Timeout = 90_000 });
    }

    private static async Task<string> DrainAsync(Journey journey, ConsoleProcess console)
    {
        var page = journey.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = "Drain storefront-3", Exact = true }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("storefront-3");
        await journey.AssertAccessibleAsync();
        await dialog.GetByLabel(new Regex("^Reason")).FillAsync("its disk fails");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Drain storefront-3", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { NameRegex = new("^Follow operation") }).ClickAsync();
        await page.WaitForURLAsync(new Regex("/operations/[0-9]+$"));
        await Expect(page.GetByText("to the deadline", new() { Exact = false }).First).ToBeVisibleAsync(new() { Timeout = Patience });
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "In flight" })).ToContainTextAsync("storefront-3");
        await Eventually.TrueAsync(async () => await IntentAsync(console, "storefront", "storefront-3") == "drained", TimeSpan.FromSeconds(60), () => "storefront-3 is Drained", Cancelled);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Undo" })).ToBeVisibleAsync(new() { Timeout = Patience });
        return page.Url[(page.Url.LastIndexOf('/') + 1)..];
    }

    private static async Task UndoAsync(Journey journey, ConsoleProcess console, string operation)
    {
        var page = journey.Page;
        await page.GetByRole(AriaRole.Link, new() { Name = "Activity", Exact = true }).First.ClickAsync();
        await Expect(page.GetByText("its disk fails").First).ToBeVisibleAsync(new() { Timeout = Patience });
        await page.GetByRole(AriaRole.Button, new() { Name = $"Undo change {operation}", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Undo it" }).ClickAsync();
        await Eventually.TrueAsync(async () => await IntentAsync(console, "storefront", "storefront-3") == "active", TimeSpan.FromSeconds(60), () => "storefront-3 is active again", Cancelled);
    }

    private static async Task<JsonElement[]> TopologyAsync(ConsoleProcess console) =>
        [.. (await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/topology", Cancelled)).GetProperty("nodes").EnumerateArray()];

    private static async Task<string?> IntentAsync(ConsoleProcess console, string service, string instance)
    {
        var document = await console.Client.GetFromJsonAsync<JsonElement>($"/api/v1/services/{service}", Cancelled);
        return document.GetProperty("instances").EnumerateArray().Single(candidate => candidate.GetProperty("id").GetString() == instance)
            .GetProperty("intent").GetProperty("kind").GetString();
    }

    private static async Task<long> DrainByApiAsync(ConsoleProcess console, string service, string instance)
    {
        using var answer = await console.Client.PostAsJsonAsync($"/api/v1/services/{service}/instances/{instance}/drain", new { reason = "to be looked at" }, Cancelled);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("id").GetInt64();
    }

    [GeneratedRegex("^Apply")]
    private static partial Regex ApplyPattern();
}
