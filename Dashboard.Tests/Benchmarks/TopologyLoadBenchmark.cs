using System.Globalization;
using Dashboard.Tests.Browser;
using Dashboard.Tests.Support;
using Microsoft.Playwright;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// From the navigation to a graph that is drawn and labelled, in a mesh of 1,000 services, 10,000 instances and 5,000 edges under traffic: at most 1.5 s,
/// as the median of five visits, the first of a browser without a cache among them. Then a search for an instance: from the last key to its line, at most 50 ms.
/// </summary>
internal sealed class TopologyLoadBenchmark : IBenchmark
{
    private const int Visits = 5;
    private const double Goal = 1500;
    private const double SearchGoal = 50;

    public string Name => "topology-load";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        await using var mesh = await MeshConsole.StartAsync(new(1000, 10, 5000), changes: 0, cancellationToken);
        if (args is ["stay", ..])
        {
            var link = await mesh.Console.SaysAsync("/sign-in?", TimeSpan.FromSeconds(30), cancellationToken);
            Console.WriteLine($"{link}; Ctrl-C ends it");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return 0;
        }

        var browser = new BrowserFixture();
        await browser.InitializeAsync();
        await using var closing = browser;
        await using var journey = await Journey.SignInAsync(browser.Browser, mesh.Console, cancellationToken: cancellationToken);
        var page = journey.Page;
        await TopologyProbe.DrawnAsync(page, cancellationToken);

        var visits = new List<double>();
        for (var visit = 0; visit < Visits; visit++)
        {
            // The places of the marks are forgotten: each visit lays the graph out anew.
            await page.EvaluateAsync("localStorage.clear()");
            await page.GotoAsync("about:blank");
            await page.GotoAsync(mesh.Console.Url.ToString(), new() { WaitUntil = WaitUntilState.Commit });
            visits.Add(await TopologyProbe.DrawnAsync(page, cancellationToken));
        }

        var search = await TopologyProbe.SearchAsync(page, mesh.Mesh.InstanceOf(mesh.Mesh.Services[777], 7), cancellationToken);
        var median = visits.Order().ElementAt(Visits / 2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"navigation to a drawn, labelled graph: {string.Join(", ", visits.Select(visit => $"{visit:0}"))} ms, median {median:0} ms (goal {Goal:0} ms)"));
        var (marks, labels) = (await page.EvaluateAsync<int>(TopologyProbe.Marks), await page.EvaluateAsync<int>(TopologyProbe.Labels));
        Console.WriteLine($"marks drawn: {marks}, with a label: {labels}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a search that finds an instance: {search:0} ms from the key to its line (goal {SearchGoal:0} ms)"));
        return median <= Goal && search <= SearchGoal ? 0 : 1;
    }
}
