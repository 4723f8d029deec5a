using System.Diagnostics;
using System.Globalization;
using Dashboard.Tests.Browser;
using Dashboard.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// 16 connections, 1,500 requests a second, through the gateway of a real console while an operator in a real Chromium drains an instance, again and again: from the press that confirms the dialog to the row that says Draining, p99 at most 150 ms,
/// and to the instance's last new request, p99 at most 100 ms.
/// </summary>
internal sealed class ClickBenchmark : IBenchmark
{
    private const double RowGoal = 150;
    private const double RequestGoal = 100;
    private const int Connections = 16;

    // Presses the dialog's button and waits for the row; gives the time of the press (since 1970) and how long it took, in ms.
    private const string Press = """
        async id => {
          const row = [...document.querySelectorAll('table.instances tbody tr')].find(tr => tr.querySelector(`input[aria-label="Pick ${id}"]`));
          const button = [...document.querySelectorAll('[role=dialog] button')].find(b => b.innerText.trim() === `Drain ${id}`);
          const seen = new Promise(resolve => {
            const look = () => { if (/Draining|Drained/.test(row.innerText)) { watch.disconnect(); resolve(performance.now()); } };
            const watch = new MutationObserver(look);
            watch.observe(row, { childList: true, subtree: true, characterData: true });
          });
          const start = performance.now();
          button.click();
          return [performance.timeOrigin + start, await seen - start];
        }
        """;

    public string Name => "click";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var rounds = args is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 100;
        await using var console = await ConsoleProcess.StartAsync(["--Logging:LogLevel:Default=Warning"], cancellationToken);
        await using var rig = new LoadRig(console.Client, console.GatewayUrl);
        await rig.RegisterAsync(3, "{}", cancellationToken);
        rig.StartLoad(Connections, TimeSpan.FromMilliseconds(10));
        var browser = new BrowserFixture();
        await browser.InitializeAsync();
        await using var closing = browser;
        await using var journey = await Journey.SignInByTokenAsync(browser.Browser, new Uri(console.Url, $"/services/{LoadRig.Service}"));
        var page = journey.Page;
        page.SetDefaultTimeout(60_000);
        var (row, last) = (new List<double>(), new List<double>());
        var backend = rig.Backends[0];
        for (var round = 0; round < rounds; round++)
        {
            await page.GetByRole(AriaRole.Button, new() { Name = $"Drain {backend.Id}", Exact = true }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = $"Drain {backend.Id}", Exact = true })).ToBeEnabledAsync(new() { Timeout = 60_000 });
            var measured = await page.EvaluateAsync<double[]>(Press, backend.Id);
            // Long enough for anything late.
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellationToken);
            var (now, stamp) = (TimeProvider.System.GetUtcNow(), Stopwatch.GetTimestamp());
            var request = now - Stopwatch.GetElapsedTime(backend.LastRequest, stamp);
            row.Add(measured[1]);
            last.Add(Math.Max(0, (request - DateTimeOffset.UnixEpoch).TotalMilliseconds - measured[0]));
            await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0, new() { Timeout = 60_000 });
            await rig.UndrainAsync(backend, cancellationToken);
        }

        await rig.StopLoadAsync();
        var (rowP99, lastP99) = (Figures.Percentile(row, 99), Figures.Percentile(last, 99));
        Figures.Print($"{rounds} presses, load of the machine {Figures.Load}, {rig.Requests} requests, failed {rig.Failed}");
        Figures.Print($"press to the row that says Draining: p50 {Figures.Percentile(row, 50):0} ms, p99 {rowP99:0} ms (goal {RowGoal:0} ms)");
        Figures.Print($"press to the last new request: p50 {Figures.Percentile(last, 50):0} ms, p99 {lastP99:0} ms (goal {RequestGoal:0} ms)");
        return rowP99 <= RowGoal && lastP99 <= RequestGoal && rig.Failed == 0 ? 0 : 1;
    }
}
