using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Dashboard.Tests.Browser;

/// <summary>A signed-in page of a running console that remembers every error its browser reports.</summary>
public sealed partial class Journey : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _errors = [];

    private Journey(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                _errors.Add(message.Text);
            }
        };
        page.PageError += (_, error) => _errors.Add(error);
    }

    public IPage Page { get; }

    /// <summary>What the browser reported as errors so far.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>Opens the one-time sign-in link that the console printed.</summary>
    public static async Task<Journey> SignInAsync(IBrowser browser, ConsoleProcess console, int width = 1440, int height = 900, ColorScheme scheme = ColorScheme.Dark, ReducedMotion motion = ReducedMotion.NoPreference, CancellationToken cancellationToken = default)
    {
        var line = await console.SaysAsync("/sign-in?", TimeSpan.FromSeconds(60), cancellationToken);
        return await OpenAsync(browser, LinkPattern().Match(line).Value, width, height, scheme, motion: motion);
    }

    /// <summary>Signs in with the admin token, by the keyboard, and stays on the page that was asked for.</summary>
    public static async Task<Journey> SignInByTokenAsync(IBrowser browser, Uri address, int width = 1440, int height = 900, ColorScheme scheme = ColorScheme.Dark, bool touch = false, ReducedMotion motion = ReducedMotion.NoPreference, bool clock = false)
    {
        var journey = await OpenAsync(browser, address.ToString(), width, height, scheme, touch, motion, clock);
        await journey.Page.GetByLabel("Admin token").PressSequentiallyAsync(ConsoleProcess.Token);
        await journey.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(journey.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).And(journey.Page.Locator(".shell-main h1"))).ToBeVisibleAsync(new() { Timeout = 60_000 });
        return journey;
    }

    /// <param name="touch">A phone: it is tapped, and has no mouse.</param>
    /// <param name="clock">The page's clock can be moved on.</param>
    public static async Task<Journey> OpenAsync(IBrowser browser, string address, int width, int height, ColorScheme scheme, bool touch = false, ReducedMotion motion = ReducedMotion.NoPreference, bool clock = false)
    {
        var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme, HasTouch = touch, IsMobile = touch, ReducedMotion = motion });
        context.SetDefaultTimeout(60_000);
        if (clock)
            await context.Clock.InstallAsync();
        var journey = new Journey(context, await context.NewPageAsync());
        await journey.Page.GotoAsync(address);
        return journey;
    }

    /// <summary>Asserts that axe finds no violation of WCAG 2.2 A and AA on the page as it is.</summary>
    public Task AssertAccessibleAsync() => AssertAccessibleAsync(null, "the page");

    /// <summary>The same of a part of the page alone, like a dialog.</summary>
    public async Task AssertAccessibleAsync(ILocator? part, string what)
    {
        var options = new AxeRunOptions
        {
            RunOnly = new RunOnlyOptions { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
            // All rules run; what they found well is not described.
            ResultTypes = [ResultType.Violations],
        };
        var result = await (part is null ? Page.RunAxe(options) : part.RunAxe(options));
        Assert.True(
            result.Violations.Length == 0,
            $"{what} at {Page.Url}\n{string.Join('\n', result.Violations.Select(violation => $"{violation.Id}: {violation.Help}\n  {string.Join("\n  ", violation.Nodes.Select(node => node.Html))}"))}");
    }

    /// <summary>Asserts that nothing reaches beyond the window's width.</summary>
    public async Task AssertFitsAsync()
    {
        var overhang = await Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(overhang <= 0, $"{Page.Url} is {overhang} px wider than the window");
    }

    public void AssertNoErrors() => Assert.True(_errors.Count == 0, string.Join('\n', _errors));

    /// <summary>Presses keys until they have led somewhere, as a person does whose first press came before the page listened: again only when nothing has come of them for 5 s.</summary>
    public static async Task PressUntilAsync(IPage page, string[] keys, Func<Task<bool>> there)
    {
        var cancelled = TestContext.Current.CancellationToken;
        for (var presses = 1; ; presses++)
        {
            foreach (var key in keys)
                await page.Keyboard.PressAsync(key);
            try
            {
                await Eventually.TrueAsync(there, TimeSpan.FromSeconds(5), () => $"{string.Join(' ', keys)} leads there", cancelled);
                return;
            }
            catch (TimeoutException) when (presses < 12)
            {
            }
        }
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    [GeneratedRegex(@"https?://\S+/sign-in\?\S+")]
    private static partial Regex LinkPattern();
}
