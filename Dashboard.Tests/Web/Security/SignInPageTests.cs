using Dashboard.Tests.Browser;
using Dashboard.Tests.Support;
using Dashboard.Web.Security;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Dashboard.Tests.Web.Security;

[Collection(PressingPrograms.Name)]
public sealed class SignInPageTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>, IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("dashboard-sign-in").FullName;
    private SecuredConsole _console = null!;

    public async ValueTask InitializeAsync() => _console = await SecuredConsole.StartAsync(_data);

    public async ValueTask DisposeAsync()
    {
        await _console.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Link_Opened_SignsInByItself()
    {
        var link = _console.Services.GetRequiredService<SignInCodes>().CreateLink(_console.Url.ToString());

        await using var journey = await Journey.OpenAsync(fixture.Browser, link.ToString(), 1440, 900, ColorScheme.Dark);

        await Assertions.Expect(journey.Page.GetByText("first page of admin")).ToBeVisibleAsync();
        journey.AssertNoErrors();
    }

    [Theory]
    [InlineData(1440, 900, ColorScheme.Light)]
    [InlineData(390, 844, ColorScheme.Dark)]
    public async Task Token_Typed_IsAccessible_SaysWhatIsWrong_AndLeadsOn(int width, int height, ColorScheme scheme)
    {
        await using var journey = await Journey.OpenAsync(fixture.Browser, new Uri(_console.Url, "/services/cart").ToString(), width, height, scheme);
        var page = journey.Page;
        await journey.AssertAccessibleAsync();
        journey.AssertNoErrors();

        await page.GetByLabel("Admin token").FillAsync("a wrong one");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await journey.AssertAccessibleAsync();
        await page.GetByLabel("Admin token").FillAsync(SecuredConsole.Token);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();

        await Assertions.Expect(page.GetByText("a page")).ToBeVisibleAsync();
    }
}
