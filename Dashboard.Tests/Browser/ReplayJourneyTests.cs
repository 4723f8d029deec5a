using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Browser;

/// <summary>Looking at the past in the browser, against the real program and its demo mesh.</summary>
[Collection(WaitingPrograms.Name)]
public sealed class ReplayJourneyTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const float Patience = 60_000;
    private const string Instance = "storefront-2";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BeforeTheDrain_TheInstanceServesWithItsTraffic_AndNothingCanBeDone()
    {
        await using var console = await ConsoleProcess.StartAsync(["--demo"], Cancelled);
        var before = await BusyMomentAsync(console);
        using var drained = await console.Client.PostAsJsonAsync($"/api/v1/services/storefront/instances/{Instance}/drain", new { reason = "to be looked back at", @override = true }, Cancelled);
        drained.EnsureSuccessStatusCode();
        await Eventually.TrueAsync(async () => await RpsOfAsync(console, "window=3s") == 0, TimeSpan.FromSeconds(60), () => $"the drained gets nothing:\n{console.Output}", Cancelled);

        await using var journey = await Journey.SignInAsync(browser.Browser, console, scheme: ColorScheme.Light, cancellationToken: Cancelled);
        var page = journey.Page;
        page.SetDefaultTimeout(Patience);
        await page.GotoAsync(new Uri(console.Url, "/services/storefront").ToString());
        await Expect(Row(page)).ToContainTextAsync("Undrain");

        await page.GotoAsync(new Uri(console.Url, $"/services/storefront?at={before}").ToString());
        await SeeThePastAsync(page);
        await Expect(Row(page)).ToContainTextAsync("Active");
        await Expect(Row(page).Locator(".rate")).Not.ToHaveTextAsync(new Regex(@"^\s*[0–]?\s*$"));
        await NothingCanBeDoneAsync(page);
        await journey.AssertAccessibleAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await Expect(page.Locator("html[data-theme='dark'], body[data-theme='dark'], [data-theme='dark']").First).ToBeAttachedAsync();
        await journey.AssertAccessibleAsync();

        // Inside the past links stay in it.
        await page.GetByRole(AriaRole.Link, new() { Name = "Topology" }).First.ClickAsync();
        await Expect(page.Locator("canvas").First).ToBeVisibleAsync();
        await SeeThePastAsync(page);
        Assert.Contains("at=", page.Url, StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Link, new() { Name = "Operations" }).First.ClickAsync();
        await Expect(page.GetByText("This page shows the present")).ToBeVisibleAsync();
        await page.GotoAsync(new Uri(console.Url, $"/services/storefront?at={before}").ToString());
        await SeeThePastAsync(page);

        await page.GetByRole(AriaRole.Button, new() { Name = "Now", Exact = true }).ClickAsync();
        await Expect(page.GetByText("You are looking at")).ToHaveCountAsync(0);
        await Expect(Row(page)).ToContainTextAsync("Undrain");
        Assert.DoesNotContain("at=", page.Url, StringComparison.Ordinal);
        await Expect(page).ToHaveTitleAsync(new Regex("^((?!Past).)*$"));
        journey.AssertNoErrors();
    }

    private static async Task SeeThePastAsync(IPage page)
    {
        await Expect(page.GetByText("You are looking at")).ToBeVisibleAsync(new() { Timeout = Patience });
        await Expect(page.GetByText("Acting is off.", new() { Exact = true }).First).ToBeVisibleAsync();
        await Expect(page).ToHaveTitleAsync(new Regex("Past "));
    }

    private static async Task NothingCanBeDoneAsync(IPage page)
    {
        await Expect(page.GetByRole(AriaRole.Button, new() { NameRegex = new("^(Drain|Undrain|Maintain|Renew|Shift versions|In waves)") })).ToHaveCountAsync(0);
        await Expect(page.GetByLabel($"Weight of {Instance}", new() { Exact = true })).ToBeDisabledAsync();
        var field = page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Combobox);
        await Journey.PressUntilAsync(page, ["Control+k"], () => field.IsVisibleAsync());
        await field.FillAsync("drain");
        await Expect(page.GetByText("Nothing is called “drain”")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
    }

    private static ILocator Row(IPage page) => page.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByRole(AriaRole.Link, new() { Name = Instance, Exact = true }) }).First;

    /// <summary>A moment at which the instance carried traffic, told in full.</summary>
    private static async Task<string> BusyMomentAsync(ConsoleProcess console)
    {
        var at = "";
        await Eventually.TrueAsync(
            async () =>
            {
                using var topology = JsonDocument.Parse(await console.Client.GetStringAsync("/api/v1/topology", Cancelled));
                if (topology.RootElement.GetProperty("until").ValueKind == JsonValueKind.Null)
                    return false;

                at = topology.RootElement.GetProperty("until").GetDateTimeOffset().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
                return await RpsOfAsync(console, $"window=3s&at={at}") > 0;
            },
            TimeSpan.FromSeconds(60), () => $"the demo runs:\n{console.Output}", Cancelled);
        return at;
    }

    private static async Task<double> RpsOfAsync(ConsoleProcess console, string query)
    {
        // The service may not be registered yet, or not have been then.
        using var answer = await console.Client.GetAsync(new Uri($"/api/v1/traffic/storefront?{query}", UriKind.Relative), Cancelled);
        if (!answer.IsSuccessStatusCode)
            return -1;

        using var traffic = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancelled));
        var told = traffic.RootElement.GetProperty("instances").EnumerateArray().Where(instance => instance.GetProperty("id").GetString() == Instance).Select(instance => instance.GetProperty("rps").GetDouble());
        return traffic.RootElement.GetProperty("unknownSeconds").GetInt32() > 0 ? -1 : told.FirstOrDefault(-1);
    }
}
