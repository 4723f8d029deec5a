using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Browser;

/// <summary>Plans in the browser, against the real program with real servers under load through its gateway.</summary>
[Collection(WaitingPrograms.Name)]
public sealed class PlanJourneyTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const float Patience = 60_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BulkPlan_PausesOnErrors_AndIsRolledBack()
    {
        await using var mesh = await Mesh.StartAsync(6, _ => "v1", Cancelled);
        await using var journey = await Journey.SignInAsync(browser.Browser, mesh.Console, cancellationToken: Cancelled);
        var page = journey.Page;
        page.SetDefaultTimeout(Patience);
        await page.GotoAsync(new Uri(mesh.Console.Url, "/services/orders").ToString());
        foreach (var id in new[] { "orders-1", "orders-2", "orders-3" })
            await page.GetByLabel($"Pick {id}", new() { Exact = true }).CheckAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Drain in waves" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel(new Regex("^Instances a wave")).FillAsync("1");
        await dialog.GetByLabel(new Regex("^Watched after each wave")).FillAsync("2");
        await dialog.GetByText("When it pauses by itself").ClickAsync();
        // How fast this machine is must not decide.
        await dialog.GetByLabel(new Regex("^p95 above")).FillAsync("");
        await dialog.GetByLabel(new Regex("^Reason")).FillAsync("new kernel");
        await Expect(dialog).ToContainTextAsync("3 instances of 1 service in 3 waves");
        await journey.AssertAccessibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Start: drain in waves" }).ClickAsync();
        await page.GetByRole(AriaRole.Region, new() { Name = "Under way" }).GetByRole(AriaRole.Link, new() { Name = "Drain 3 instances of orders" }).ClickAsync();
        await page.WaitForURLAsync(new Regex("/plans/[0-9]+$"));

        // The second wave has begun: the first one was drained and watched.
        await Eventually.TrueAsync(async () => await mesh.IntentAsync("orders-2") != "active", TimeSpan.FromSeconds(120), () => "the second wave begins", Cancelled);
        Assert.Equal("drained", await mesh.IntentAsync("orders-1"));
        mesh.Fail(_ => true);
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "State" })).ToContainTextAsync(new Regex("Paused.*orders fails [0-9.]+ % of [0-9]+ requests", RegexOptions.Singleline), new() { Timeout = 120_000 });
        mesh.Fail(_ => false);
        await journey.AssertAccessibleAsync();
        Assert.Equal("active", await mesh.IntentAsync("orders-3"));

        await page.GetByRole(AriaRole.Button, new() { Name = "Roll back" }).ClickAsync();
        await dialog.GetByLabel(new Regex("^Reason")).FillAsync("errors");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Roll back" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "State" })).ToContainTextAsync("Rolled back");
        Assert.Equal(["active", "active", "active"], await Task.WhenAll(mesh.IntentAsync("orders-1"), mesh.IntentAsync("orders-2"), mesh.IntentAsync("orders-3")));
        journey.AssertNoErrors();
    }

    [Fact]
    public async Task VersionShift_ReturnsByItself_WhenTheNewVersionFails()
    {
        await using var mesh = await Mesh.StartAsync(4, number => number <= 2 ? "v1" : "v2", Cancelled);
        mesh.Fail(id => id is "orders-3" or "orders-4");
        await using var journey = await Journey.SignInAsync(browser.Browser, mesh.Console, width: 390, height: 844, scheme: ColorScheme.Light, cancellationToken: Cancelled);
        var page = journey.Page;
        page.SetDefaultTimeout(Patience);
        await page.GotoAsync(new Uri(mesh.Console.Url, "/services/orders").ToString());

        await page.GetByRole(AriaRole.Button, new() { Name = "Shift versions" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel(new Regex("^From version")).SelectOptionAsync("v1");
        await dialog.GetByLabel(new Regex("^To version")).SelectOptionAsync("v2");
        await dialog.GetByLabel(new Regex("^Steps")).FillAsync("40, 60");
        await dialog.GetByLabel(new Regex("^Hold each")).FillAsync("60");
        await dialog.GetByText("When it returns by itself").ClickAsync();
        // How fast this machine is must not decide.
        await dialog.GetByLabel(new Regex("^Requests slower")).FillAsync("100");
        await Expect(dialog).ToContainTextAsync("orders moves from v1 to v2 in 2 steps");
        await journey.AssertAccessibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Shift to v2" }).ClickAsync();
        await page.GetByRole(AriaRole.Region, new() { Name = "Under way" }).GetByRole(AriaRole.Link, new() { Name = "Shift orders from v1 to v2" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "State" })).ToContainTextAsync(
            new Regex("Rolled back.*Returned by itself: v2 fails [0-9.]+ % of [0-9]+ requests, v1 0.0 %", RegexOptions.Singleline), new() { Timeout = 120_000 });
        await journey.AssertAccessibleAsync();
        var service = await mesh.Console.Client.GetFromJsonAsync<JsonElement>("/api/v1/services/orders", Cancelled);
        Assert.All(service.GetProperty("instances").EnumerateArray(), instance => Assert.Equal(JsonValueKind.Null, instance.GetProperty("operatorWeight").ValueKind));
        var overhang = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(overhang <= 0, $"the plan is {overhang} px wider than a phone");
        journey.AssertNoErrors();
    }

    /// <summary>A console, servers of a service <c>orders</c> that fail when told to, and callers that do not stop.</summary>
    private sealed class Mesh : IAsyncDisposable
    {
        private const int Callers = 6;

        private readonly List<Backend> _backends = [];
        private readonly CancellationTokenSource _stop = new();
        private readonly HttpClient _client = new();
        private Func<string, bool> _fails = _ => false;
        private Task _load = Task.CompletedTask;
        private int _calls;

        private Mesh(ConsoleProcess console) => Console = console;

        public ConsoleProcess Console { get; }

        public static async Task<Mesh> StartAsync(int instances, Func<int, string> version, CancellationToken cancelled)
        {
            var mesh = new Mesh(await ConsoleProcess.StartAsync([], cancelled));
            try
            {
                for (var number = 1; number <= instances; number++)
                {
                    var id = $"orders-{number}";
                    var backend = await Backend.StartAsync(id, context =>
                    {
                        context.Response.StatusCode = Volatile.Read(ref mesh._fails)(id) && Interlocked.Increment(ref mesh._calls) % 5 < 2 ? 500 : 200;
                        return context.Response.WriteAsync(id);
                    });
                    mesh._backends.Add(backend);
                    using var answer = await mesh.Console.Client.PutAsJsonAsync(
                        $"/api/v1/services/orders/instances/{id}", new { address = "127.0.0.1", port = backend.Port, zone = "zone-a", node = $"node-{number}", version = version(number) }, cancelled);
                    answer.EnsureSuccessStatusCode();
                }

                mesh._load = Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => mesh.CallAsync()));
                await Eventually.TrueAsync(
                    async () => (await mesh.Console.Client.GetFromJsonAsync<JsonElement>("/api/v1/traffic/orders?window=60s", cancelled)).GetProperty("instances").EnumerateArray().Count(instance => instance.GetProperty("rps").GetDouble() > 0) == instances,
                    TimeSpan.FromSeconds(60),
                    () => $"every instance is called; the console said:\n{mesh.Console.Output}",
                    cancelled);
                return mesh;
            }
            catch
            {
                await mesh.DisposeAsync();
                throw;
            }
        }

        public void Fail(Func<string, bool> who) => Volatile.Write(ref _fails, who);

        public async Task<string?> IntentAsync(string id) => (await Console.Client.GetFromJsonAsync<JsonElement>("/api/v1/services/orders", Cancelled))
            .GetProperty("instances").EnumerateArray().Single(instance => instance.GetProperty("id").GetString() == id).GetProperty("intent").GetProperty("kind").GetString();

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _load.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _client.Dispose();
            await Console.DisposeAsync();
            foreach (var backend in _backends)
                await backend.DisposeAsync();
            _stop.Dispose();
        }

        private async Task CallAsync()
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, Console.GatewayUrl) { Headers = { Host = "orders.localhost" } };
                    using var answer = await _client.SendAsync(request, _stop.Token);
                    await answer.Content.CopyToAsync(Stream.Null, _stop.Token);
                }
                catch (HttpRequestException)
                {
                    // The first calls come before anybody is healthy.
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(15), TimeProvider.System, CancellationToken.None);
            }
        }
    }
}
