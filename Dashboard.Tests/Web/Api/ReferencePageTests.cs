using Dashboard.Tests.Browser;
using Dashboard.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;

namespace Dashboard.Tests.Web.Api;

[Collection(PressingPrograms.Name)]
public sealed class ReferencePageTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private const string ContentPolicy =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        + "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    [Fact]
    public async Task Reference_ShowsTheApi_UnderTheConsolesContentSecurityPolicy()
    {
        await using var host = await ApiHost.StartAsync(before: app => app.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ContentPolicy;
            return next(context);
        }));
        await using var journey = await Journey.OpenAsync(fixture.Browser, new Uri(host.Client.BaseAddress!, "/reference").ToString(), 1440, 900, ColorScheme.Light);

        await Assertions.Expect(journey.Page.GetByText("A service with its settings and instances").First).ToBeVisibleAsync(new() { Timeout = 60_000 });
        // It would send the document elsewhere.
        await Assertions.Expect(journey.Page.GetByText("Deploy API")).ToHaveCountAsync(0);
        journey.AssertNoErrors();
    }
}
