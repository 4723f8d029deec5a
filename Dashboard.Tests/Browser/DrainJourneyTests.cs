using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Browser;

/// <summary>The ways by which an operator drains: with a thumb, with the keys alone, against the guard, against a colleague, and over a line that breaks.</summary>
[Collection(PressingPrograms.Name)]
public sealed class DrainJourneyTests(BrowserFixture browser, MeshFixture mesh) : IClassFixture<BrowserFixture>, IClassFixture<MeshFixture>
{
    private const float Patience = 60_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Host_is_drained_by_touch_at_phone_width()
    {
        await using var journey = await OpenAsync("/nodes", touch: true);
        var page = journey.Page;
        await journey.AssertFitsAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Drain host tapped-host-1", Exact = true }).TapAsync();

        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("Guard allows it: tapped goes from 3 to 2 serving");
        await dialog.GetByLabel(new Regex("^Reason")).TapAsync();
        await page.Keyboard.TypeAsync("its fan fails");
        // What it covers in part is no target now.
        await journey.AssertAccessibleAsync(dialog, "the dialog");
        await journey.AssertFitsAsync();
        // The button stays in reach while the form is scrolled.
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Drain tapped-host-1", Exact = true })).ToBeInViewportAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Drain tapped-host-1", Exact = true }).TapAsync();
        await Expect(dialog).ToHaveCountAsync(0);

        await page.GetByRole(AriaRole.Link, new() { NameRegex = new("^Follow operation [0-9]+ on tapped-host-1") }).TapAsync();
        await page.WaitForURLAsync(new Regex("/operations/[0-9]+$"));
        await journey.AssertFitsAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "State", Exact = true })).ToContainTextAsync("Completed");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Undo", Exact = true })).ToBeVisibleAsync();
        await journey.AssertAccessibleAsync();
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Main" }).GetByRole(AriaRole.Link, new() { Name = "Nodes" }).TapAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByRole(AriaRole.Button, new() { Name = "Undrain host tapped-host-1", Exact = true }) })).ToContainTextAsync("Drained");
        journey.AssertNoErrors();
    }

    [Fact]
    public async Task Host_is_drained_and_the_drain_taken_back_by_the_keys_alone()
    {
        await using var journey = await OpenAsync("/", touch: false);
        var page = journey.Page;
        var keys = page.Keyboard;
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Keys" })).ToBeVisibleAsync();
        await Journey.PressUntilAsync(page, ["g", "n"], async () => await page.GetByRole(AriaRole.Heading, new() { Name = "Nodes", Exact = true }).IsVisibleAsync());
        await Journey.PressUntilAsync(page, ["/"], () => page.EvaluateAsync<bool>("() => document.activeElement instanceof HTMLInputElement"));
        // Typed once more only when nothing has come of it.
        var found = page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Drain host .*[0-9]$") });
        await Journey.PressUntilAsync(page, ["Control+a", "t", "y", "p", "e", "d", "-", "h", "o", "s", "t", "-", "1"], async () => await found.CountAsync() == 1);

        await TabToAsync(page, "Drain host typed-host-1");
        await keys.PressAsync("Enter");
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("Guard allows it");
        await TabToAsync(page, "Reason");
        await keys.TypeAsync("its fan fails");
        await TabToAsync(page, "Drain typed-host-1");
        await keys.PressAsync("Enter");
        await Expect(dialog).ToHaveCountAsync(0);

        await TabToAsync(page, "Follow operation");
        await keys.PressAsync("Enter");
        await page.WaitForURLAsync(new Regex("/operations/[0-9]+$"));
        await Expect(page.GetByRole(AriaRole.Button, new() { NameRegex = new("^(Take it back|Undo)$") })).ToBeVisibleAsync();
        await TabToAsync(page, "Take it back", "Undo");
        await keys.PressAsync("Enter");
        await Expect(dialog).ToBeVisibleAsync();
        await TabToAsync(page, "Take it back", "Undo it");
        await keys.PressAsync("Enter");
        await Expect(dialog).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "State", Exact = true })).ToContainTextAsync(new Regex("Cancelled|Superseded|Taken back|Completed"));

        // The keys are listed by a key, and a name leads anywhere.
        await keys.PressAsync("?");
        await Expect(dialog).ToContainTextAsync("Move between controls and press them");
        await keys.PressAsync("Escape");
        await Expect(dialog).ToHaveCountAsync(0);
        await Journey.PressUntilAsync(page, ["Control+k"], () => page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Combobox).IsVisibleAsync());
        var name = dialog.GetByRole(AriaRole.Combobox);
        // The dialog before gives the focus back a moment after it has gone: what went elsewhere meanwhile is typed again, as an operator would.
        await Eventually.TrueAsync(
            async () =>
            {
                await name.FocusAsync();
                await keys.PressAsync("Control+a");
                await keys.TypeAsync("typed-2");
                try
                {
                    await Expect(name).ToHaveValueAsync("typed-2", new() { Timeout = 5_000 });
                    return true;
                }
                catch (PlaywrightException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(60), () => "the name stands in the field", Cancelled);
        await Expect(dialog.GetByRole(AriaRole.Option).First).ToContainTextAsync("typed-2");
        await keys.PressAsync("Enter");
        await Expect(page).ToHaveURLAsync(new Regex("/services/typed\\?instance=typed-2$"));
        journey.AssertNoErrors();
    }

    [Fact]
    public async Task Guard_that_refuses_is_overridden_with_a_reason_and_everyone_sees_it()
    {
        await using var journey = await OpenAsync("/services/guarded");
        var page = journey.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = "Drain guarded-1", Exact = true }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("Guard refuses: guarded goes from 1 to 0 serving; at least 1 must remain");
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Drain guarded-1", Exact = true })).ToBeDisabledAsync();
        await dialog.GetByLabel("Override the guard").CheckAsync();
        var against = dialog.GetByRole(AriaRole.Button, new() { Name = "Drain guarded-1 against the guard" });
        await Expect(against).ToBeDisabledAsync();
        await Expect(dialog).ToContainTextAsync("An override needs a reason.");
        await journey.AssertAccessibleAsync();
        await dialog.GetByLabel(new Regex("^Reason")).FillAsync("it serves wrong prices");
        await against.ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
        Assert.NotEqual("active", await mesh.IntentAsync("guarded-1", Cancelled));
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "State", Exact = true })).ToContainTextAsync("Nobody serves");

        await page.GetByRole(AriaRole.Link, new() { Name = "Activity", Exact = true }).First.ClickAsync();
        var entry = page.GetByRole(AriaRole.Listitem).Filter(new() { HasText = "it serves wrong prices" });
        await Expect(entry).ToContainTextAsync("overrode the guard");
        journey.AssertNoErrors();
    }

    [Fact]
    public async Task Conflict_with_a_second_operator_is_told_in_words_and_what_was_typed_stays()
    {
        await using var journey = await OpenAsync("/services/contested");
        var page = journey.Page;
        var seen = (await mesh.Console.Client.GetFromJsonAsync<JsonElement>("/api/v1/registry", Cancelled)).GetProperty("revision").GetInt64();
        await page.GetByRole(AriaRole.Button, new() { Name = "Drain contested-2", Exact = true }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel(new Regex("^Deadline")).FillAsync("77");
        await dialog.GetByLabel(new Regex("^Reason")).FillAsync("kernel update");

        await mesh.PostAsync("/api/v1/services/contested/instances/contested-2/maintenance", new { reason = "its disk is replaced" }, Cancelled);

        await Expect(dialog.GetByRole(AriaRole.Alert).Filter(new() { HasText = "Somebody else was here first." })).ToContainTextAsync("its disk is replaced");
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Drain contested-2", Exact = true })).ToBeDisabledAsync();
        await Expect(dialog.GetByLabel(new Regex("^Deadline"))).ToHaveValueAsync("77");
        await Expect(dialog.GetByLabel(new Regex("^Reason"))).ToHaveValueAsync("kernel update");
        await journey.AssertAccessibleAsync();

        // A program that looked at the same revision is told the same, with 409.
        using var late = await mesh.Console.Client.PostAsJsonAsync("/api/v1/services/contested/instances/contested-2/drain", new { reason = "too late", expectedRevision = seen }, Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);

        await dialog.GetByRole(AriaRole.Button, new() { Name = "Go on from the state as it is now" }).ClickAsync();
        await Expect(dialog.GetByLabel(new Regex("^Deadline"))).ToHaveValueAsync("77");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Drain contested-2", Exact = true }).ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
        Assert.Contains(await mesh.IntentAsync("contested-2", Cancelled), new[] { "draining", "drained" });
        journey.AssertNoErrors();
    }

    [Fact]
    public async Task Line_that_breaks_in_mid_drain_is_said_and_the_page_goes_on_where_it_was()
    {
        var held = await mesh.HoldAsync(Cancelled);
        var operation = (await mesh.PostAsync("/api/v1/services/held/instances/held-1/drain", new { reason = "new kernel", deadlineSeconds = 300 }, Cancelled)).GetProperty("id").GetInt64();
        await using var line = new CutLine(mesh.Console.Ports.Console);
        await using var journey = await Journey.SignInByTokenAsync(browser.Browser, new Uri(line.Url, $"/operations/{operation}"), width: 390, height: 844);
        var page = journey.Page;
        var state = page.GetByRole(AriaRole.Region, new() { Name = "State", Exact = true });
        await Expect(state).ToContainTextAsync(new Regex("[45] min.* to the deadline"));
        await page.EvaluateAsync("globalThis.sameDocument = true");

        line.Cut();
        var banner = page.Locator("#circuit-banner");
        await Expect(banner).ToContainTextAsync(new Regex("lost|cannot be reached"));
        await journey.AssertAccessibleAsync();
        await journey.AssertFitsAsync();
        // Meanwhile a colleague gives it more time.
        await mesh.PostAsync($"/api/v1/operations/{operation}/extend", new { deadlineSeconds = 1800, reason = "it is slow" }, Cancelled);
        line.Mend();

        await Expect(banner).ToBeHiddenAsync();
        await Expect(state).ToContainTextAsync(new Regex("(29|30) min.* to the deadline"));
        Assert.True(await page.EvaluateAsync<bool>("globalThis.sameDocument === true"), "the page went on, it was not loaded again");
        mesh.Release();
        (await held).Dispose();
        await Expect(state).ToContainTextAsync("Completed");
    }

    [Fact]
    public async Task Console_that_holds_the_request_for_a_connection_for_ever_is_left_for_a_new_page()
    {
        await using var line = new CutLine(mesh.Console.Ports.Console);
        await using var journey = await Journey.SignInByTokenAsync(browser.Browser, new Uri(line.Url, "/services/contested"), clock: true);
        var page = journey.Page;
        await page.EvaluateAsync("globalThis.sameDocument = true");
        var held = 0;
        await page.Context.RouteAsync(
            "**/_blazor/negotiate**",
            async route =>
            {
                // The first is never answered, and the page asks no second time.
                if (Interlocked.Increment(ref held) > 1)
                    await route.ContinueAsync();
            });

        line.Cut();
        var banner = page.Locator("#circuit-banner");
        await Expect(banner).ToBeVisibleAsync();
        line.Mend();

        // All others are answered: after half a minute of that, by the page's own clock, it begins anew and goes on.
        await Eventually.TrueAsync(
            async () =>
            {
                if (Volatile.Read(ref held) == 1)
                    await page.Clock.RunForAsync(1000);
                return await IsAnewAsync(page);
            },
            TimeSpan.FromMilliseconds(Patience * 2), () => "the page is loaded again", Cancelled);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Drain contested-1", Exact = true })).ToBeVisibleAsync();
        await Expect(banner).ToBeHiddenAsync();
        Assert.True(Volatile.Read(ref held) >= 2);
    }

    [Fact]
    public async Task Page_whose_very_first_connection_is_held_for_ever_says_that_it_waits_and_begins_anew()
    {
        await using var journey = await Journey.SignInByTokenAsync(browser.Browser, new Uri(mesh.Console.Url, "/services/contested"), clock: true);
        var page = journey.Page;
        var held = 0;
        await page.Context.RouteAsync(
            "**/_blazor/negotiate**",
            async route =>
            {
                if (Interlocked.Increment(ref held) > 1)
                    await route.ContinueAsync();
            });

        await page.ReloadAsync();
        await Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref held) == 1), TimeSpan.FromMilliseconds(Patience), () => "a connection is asked for", Cancelled);
        await page.EvaluateAsync("globalThis.sameDocument = true");
        await page.Clock.RunForAsync(5000);
        await Expect(page.Locator("#circuit-banner")).ToContainTextAsync("waiting for a connection");

        await Eventually.TrueAsync(
            async () =>
            {
                if (Volatile.Read(ref held) == 1)
                    await page.Clock.RunForAsync(1000);
                return await IsAnewAsync(page);
            },
            TimeSpan.FromMilliseconds(Patience * 2), () => "the page is loaded again", Cancelled);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Drain contested-1", Exact = true })).ToBeVisibleAsync();
        await Expect(page.Locator("#circuit-banner")).ToBeHiddenAsync();
    }

    private static async Task<bool> IsAnewAsync(IPage page)
    {
        try
        {
            return await page.EvaluateAsync<bool>("globalThis.sameDocument === undefined");
        }
        catch (PlaywrightException)
        {
            // In the middle of being loaded.
            return false;
        }
    }

    private Task<Journey> OpenAsync(string path, bool touch = false) =>
        Journey.SignInByTokenAsync(browser.Browser, new Uri(mesh.Console.Url, path), touch ? 390 : 1440, touch ? 844 : 900, touch ? ColorScheme.Light : ColorScheme.Dark, touch);

    /// <summary>Presses Tab until a control whose name begins so has the focus, and asserts that the focus can be seen.</summary>
    private static async Task TabToAsync(IPage page, params string[] names)
    {
        for (var presses = 0; presses < 200; presses++)
        {
            var (name, seen) = await page.EvaluateAsync<string[]>("""
                () => {
                  const e = document.activeElement, dialog = document.querySelector('[role="dialog"]');
                  if (dialog && !dialog.contains(e)) return ['behind the dialog', ''];
                  const name = e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText ?? '';
                  const style = getComputedStyle(e);
                  return [name.trim(), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none' ? 'seen' : 'unseen'];
                }
                """) is [var first, var second] ? (first, second) : ("", "");
            if (names.Any(wanted => name.StartsWith(wanted, StringComparison.Ordinal)))
            {
                Assert.True(seen == "seen", $"the focus on \"{name}\" cannot be seen");
                return;
            }

            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"Tab does not lead to {string.Join(" or ", names)}");
    }
}
