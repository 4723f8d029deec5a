using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Browser;

/// <summary>A mesh that is too large to be drawn whole, as an engineer meets it: groups, the one ill service, a search, and the same picture after a reload. Its long form is <c>bench topology-load</c>.</summary>
[Collection(PressingPrograms.Name)]
public sealed class LargeMeshTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const float Patience = 60_000;

    private const string Places = """
        () => {
          const cy = document.querySelector('.topo-surface')._cyreg.cy;
          return cy.nodes().filter(n => n.isChildless()).map(n => `${n.id()} ${Math.round(n.position('x'))} ${Math.round(n.position('y'))}`).sort().join('\n');
        }
        """;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Engineer_FindsTheIllServiceAndAnyInstance_AndTheGraphStaysWhereItWas()
    {
        var mesh = new LargeMesh(600, 2, 1800);
        await using var console = await ConsoleProcess.StartAsync([], Cancelled);
        await mesh.FillAsync(console.Client, Cancelled);
        await mesh.ReportAsync(console.Client, Cancelled);
        await using var journey = await Journey.SignInAsync(browser.Browser, console, scheme: ColorScheme.Dark, cancellationToken: Cancelled);
        var page = journey.Page;
        page.SetDefaultTimeout(Patience);

        await SeeTheGroupsAsync(journey, mesh, console);
        await FindAsync(page, mesh);
        await ReadTheTableAsync(journey, mesh, console);
        journey.AssertNoErrors();
    }

    private static async Task SeeTheGroupsAsync(Journey journey, LargeMesh mesh, ConsoleProcess console)
    {
        var page = journey.Page;
        await TopologyProbe.DrawnAsync(page, Cancelled);
        Assert.InRange(await page.EvaluateAsync<int>(TopologyProbe.Marks), 2, 500);
        Assert.InRange(await page.EvaluateAsync<int>(TopologyProbe.Labels), 2, 500);
        await Expect(page.Locator(".topo-note")).ToContainTextAsync("600 services, drawn as groups", new() { Timeout = Patience });
        await journey.AssertAccessibleAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await journey.AssertAccessibleAsync();

        // The same places after a reload: what the browser keeps is written when the page is left.
        var places = await page.EvaluateAsync<string>(Places);
        await page.GotoAsync(new Uri(console.Url, "/?view=table").ToString());
        await page.GotoAsync(console.Url.ToString());
        await TopologyProbe.DrawnAsync(page, Cancelled);
        Assert.Equal(places, await page.EvaluateAsync<string>(Places));

        // The one service that nobody serves is named, and one click from there it stands in the middle of its callers.
        var trouble = page.Locator(".topo-trouble").GetByRole(AriaRole.Button, new() { Name = mesh.Dead });
        await Expect(trouble).ToBeVisibleAsync(new() { Timeout = Patience });
        await trouble.ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex("focus=" + Regex.Escape(mesh.Dead)), new() { Timeout = Patience });
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Chosen in the graph" })).ToContainTextAsync(mesh.Dead, new() { Timeout = Patience });
    }

    private static async Task FindAsync(IPage page, LargeMesh mesh)
    {
        var instance = mesh.InstanceOf(mesh.Services[433], 1);
        await page.Locator("#topology-search").FillAsync(instance);
        await Expect(page.GetByRole(AriaRole.Option).Filter(new() { HasText = instance })).ToBeVisibleAsync(new() { Timeout = Patience });
        await page.Locator("#topology-search").PressAsync("Enter");
        await Expect(page).ToHaveURLAsync(new Regex("sel=i"), new() { Timeout = Patience });
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Chosen in the graph" })).ToContainTextAsync(instance, new() { Timeout = Patience });

        // The address alone leads there again.
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Chosen in the graph" })).ToContainTextAsync(instance, new() { Timeout = Patience });
    }

    private static async Task ReadTheTableAsync(Journey journey, LargeMesh mesh, ConsoleProcess console)
    {
        var page = journey.Page;
        await page.GotoAsync(new Uri(console.Url, "/?view=table").ToString());
        var rows = page.GetByRole(AriaRole.Region, new() { Name = "Services" }).GetByRole(AriaRole.Row);
        await Expect(rows.Filter(new() { HasText = mesh.Services.Order(StringComparer.Ordinal).First() }).First).ToBeVisibleAsync(new() { Timeout = Patience });
        Assert.InRange(await rows.CountAsync(), 2, 300);
        await journey.AssertAccessibleAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await journey.AssertAccessibleAsync();
        await page.Locator("#topology-search").FillAsync(mesh.Dead);
        await Expect(rows.Filter(new() { HasText = mesh.Dead })).ToContainTextAsync("Panic", new() { Timeout = Patience });
    }
}
