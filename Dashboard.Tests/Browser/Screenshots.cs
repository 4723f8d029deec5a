using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Dashboard.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Browser;

/// <summary>
/// <c>screenshots</c>: makes the images of the README from a real demo mesh, where they are. <c>screenshots DIRECTORY</c> instead shows every page there, at 1440x900 and 390x844 in both themes, for somebody to look at.
/// </summary>
internal static class Screenshots
{
    private const float Patience = 60_000;

    public static async Task<int> RunAsync(string[] args)
    {
        var repository = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(repository, "Dashboard.sln")))
            repository = Path.GetDirectoryName(repository.TrimEnd(Path.DirectorySeparatorChar)) ?? throw new InvalidOperationException("This is not run from the repository.");

        await using var console = await ConsoleProcess.StartAsync(["--demo"], CancellationToken.None);
        var browser = new BrowserFixture();
        await browser.InitializeAsync();
        await using var closing = browser;
        await MoveAsync(console);
        if (args is [var directory, ..])
            await EveryPageAsync(browser.Browser, console, Directory.CreateDirectory(directory).FullName);
        else
            await ReadmeAsync(browser.Browser, console, Path.Combine(repository, "Dashboard.Web", "Docs"));
        return 0;
    }

    private static async Task ReadmeAsync(IBrowser browser, ConsoleProcess console, string directory)
    {
        await using var journey = await Journey.SignInByTokenAsync(browser, new Uri(console.Url, "/"));
        await TopologyProbe.DrawnAsync(journey.Page, CancellationToken.None);
        await ShootAsync(journey.Page, Path.Combine(directory, "topology.png"));
    }

    private static async Task EveryPageAsync(IBrowser browser, ConsoleProcess console, string directory)
    {
        var operations = await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/operations");
        var operation = operations.GetProperty("operations").EnumerateArray().First().GetProperty("id").GetInt64();
        string[] pages = ["/", "/?view=table", "/services", "/services/storefront", "/services/catalog?instance=catalog-1", "/nodes", "/data-planes", "/operations", $"/operations/{operation}", "/plans", "/alerts", "/settings", "/activity", "/nowhere"];
        foreach (var scheme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            foreach (var (width, height) in new[] { (1440, 900), (390, 844) })
            {
                await using var journey = await Journey.SignInByTokenAsync(browser, new Uri(console.Url, "/"), width, height, scheme);
                for (var page = 0; page < pages.Length; page++)
                {
                    await journey.Page.GotoAsync(new Uri(console.Url, pages[page]).ToString());
                    await Expect(journey.Page.Locator(".shell-main h1")).ToBeVisibleAsync(new() { Timeout = Patience });
                    await ShootAsync(journey.Page, Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{page:00}-{scheme}-{width}.png").ToLowerInvariant()));
                }
            }
        }
    }

    // Traffic everywhere, and something to look at: a drain and a maintenance that ends.
    private static async Task MoveAsync(ConsoleProcess console)
    {
        await Eventually.TrueAsync(
            async () => (await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/topology")).GetProperty("nodes").EnumerateArray().Count(node => node.GetProperty("rps").GetDouble() > 0) >= 8,
            TimeSpan.FromSeconds(60), () => $"the demo runs:\n{console.Output}", CancellationToken.None);
        foreach (var (path, body) in new (string, object)[]
        {
            ("/api/v1/services/storefront/instances/storefront-2/drain", new { reason = "kernel update", deadlineSeconds = 900 }),
            ("/api/v1/services/catalog/instances/catalog-1/maintenance", new { reason = "its disk is replaced", until = TimeProvider.System.GetUtcNow().AddHours(2) }),
        })
        {
            using var answer = await console.Client.PostAsJsonAsync(path, body);
            answer.EnsureSuccessStatusCode();
        }

        await Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System);
    }

    private static async Task ShootAsync(IPage page, string path)
    {
        // Sparklines and charts fill with the first frames.
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        await page.ScreenshotAsync(new() { Path = path });
        Console.WriteLine($"{path}: {page.Url}");
    }
}
