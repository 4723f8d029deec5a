using Dashboard.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Browser;

/// <summary>The server is killed while a page starts, and comes back: the page comes up by itself.</summary>
[Collection(EndToEnd.Name)]
public sealed class RestartTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const float Patience = 90_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    // Before there is a circuit, and while the circuit waits for the page's own script.
    [Theory]
    [InlineData("**/_blazor/negotiate*")]
    [InlineData("**/js/topology*.js")]
    public async Task A_page_whose_start_the_server_did_not_survive_comes_up_after_its_return(string held)
    {
        var directory = Directory.CreateTempSubdirectory("dashboard-restart-").FullName;
        var first = await ConsoleProcess.StartAsync([], Cancelled, directory);
        await using var relay = new TcpRelay(first.Ports.Console);
        try
        {
            var link = new Uri((await first.SaysAsync("/sign-in?", TimeSpan.FromSeconds(30), Cancelled)).Split(' ').Last());
            await using var journey = await Journey.OpenAsync(browser.Browser, new Uri(relay.Url, link.PathAndQuery).ToString(), 1440, 900, ColorScheme.Dark);
            var page = journey.Page;
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Topology" })).ToBeVisibleAsync(new() { Timeout = Patience });

            var (reached, gone) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            await page.RouteAsync(held, async route =>
            {
                reached.TrySetResult();
                await gone.Task;
                await route.AbortAsync("connectionreset");
            });
            await page.GotoAsync(relay.Url.ToString(), new() { WaitUntil = WaitUntilState.Commit });
            await reached.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
            await first.KillAsync(Cancelled);
            // Nothing listens there any more, so what the page asks is refused.
            relay.Switch(first.Ports.Console);
            gone.SetResult();
            await Expect(page.Locator("#circuit-banner")).ToBeVisibleAsync(new() { Timeout = Patience });
            await page.UnrouteAllAsync();

            await using var second = await ConsoleProcess.StartAsync([], Cancelled, directory);
            relay.Switch(second.Ports.Console);
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Topology" })).ToBeVisibleAsync(new() { Timeout = Patience });
            await Expect(page.Locator("#circuit-banner")).ToBeHiddenAsync(new() { Timeout = Patience });
        }
        finally
        {
            await first.DisposeAsync();
            await Eventually.TrueAsync(() => TryDelete(directory), TimeSpan.FromSeconds(30), "the data directory is deleted", CancellationToken.None);
        }
    }

    private static bool TryDelete(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
            return true;
        }
        catch (IOException)
        {
            // A file of a server that is just ending.
            return false;
        }
    }
}
