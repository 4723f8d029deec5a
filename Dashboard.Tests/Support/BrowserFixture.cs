using Microsoft.Playwright;

namespace Dashboard.Tests.Support;

/// <summary>One headless Chromium for the tests of a class: from PATH, else the one that Playwright installs.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    // The default of five seconds is a matter of how busy the machine is; who passes does not wait.
    static BrowserFixture() => Assertions.SetDefaultExpectTimeout(60_000);

    private IPlaywright? _playwright;

    public IBrowser Browser { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        var installed = Peer.Find("chromium") ?? Peer.Find("google-chrome") ?? Peer.Find("chromium-browser");
        if (installed is null && Microsoft.Playwright.Program.Main(["install", "chromium"]) != 0)
        {
            Peer.Require("chromium", "apt-get install chromium");
        }

        Browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = installed, Headless = true, Args = Arguments });
    }

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }
}
