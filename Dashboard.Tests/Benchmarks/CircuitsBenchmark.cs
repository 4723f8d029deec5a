using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Reflection;
using Dashboard.Tests.Browser;
using Dashboard.Tests.Support;
using Microsoft.Playwright;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// 200 open pages of a service with 50 rows that change once a second: 199 are clients of the circuits' own protocol, which acknowledge every batch and press, one is a real Chromium, in which the time from a press
/// to the changed DOM is measured: p99 at most 200 ms. A circuit's memory is at most three times that of a page of the bare Blazor template, opened by the same clients in the same run.
/// </summary>
internal sealed class CircuitsBenchmark : IBenchmark
{
    private const double Goal = 200;
    private const double MemoryGoal = 3;
    private const int Presses = 200;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);

    // From the press of the first row's box to the bar that counts what is picked, and back.
    private const string Press = """
        async () => {
          const box = document.querySelector('table.instances input[type=checkbox]');
          const bar = () => document.querySelector('[aria-label="Picked instances"]') !== null;
          const until = wanted => new Promise(resolve => {
            const look = () => { if (bar() === wanted) { watch.disconnect(); resolve(performance.now()); } };
            const watch = new MutationObserver(look);
            watch.observe(document.body, { childList: true, subtree: true });
            look();
          });
          const start = performance.now();
          box.click();
          const took = await until(true) - start;
          box.click();
          await until(false);
          return took;
        }
        """;

    public string Name => "circuits";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        if (args is ["template"])
        {
            await TemplateServer.RunAsync(cancellationToken);
            return 0;
        }

        var pages = args is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 200;
        var template = await TemplateAsync(pages - 1, cancellationToken);
        await using var mesh = await MeshConsole.StartAsync(new(50, 50, 60), changes: 5, cancellationToken);
        var browser = new BrowserFixture();
        await browser.InitializeAsync();
        await using var closing = browser;
        var address = new Uri(mesh.Console.Url, $"/services/{mesh.Mesh.Services[3]}");
        await using var journey = await Journey.SignInByTokenAsync(browser.Browser, address);
        await Assertions.Expect(journey.Page.Locator("table.instances tbody tr")).ToHaveCountAsync(50, new() { Timeout = 60_000 });

        using var client = await SignInAsync(mesh.Console, cancellationToken);
        var alone = await PressAsync(journey.Page, 50);
        var before = Figures.ResidentMegabytes(mesh.Console.Id);
        var circuits = await OpenAsync(client.Client, client.Cookies, address, "Pick ", pages - 1, cancellationToken);
        await Task.Delay(Settling, TimeProvider.System, cancellationToken);
        var memory = (Figures.ResidentMegabytes(mesh.Console.Id) - before) / circuits.Length * 1024;

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (cpu, start, batches) = (Figures.CpuSeconds(mesh.Console.Id), Stopwatch.GetTimestamp(), circuits.Sum(circuit => circuit.Batches));
        var bytes = circuits.Sum(circuit => circuit.Bytes);
        var others = Task.WhenAll(circuits.Select((circuit, index) => PickAsync(circuit, TimeSpan.FromMilliseconds(index * 25 % 5000), over.Token)));
        var dom = await PressAsync(journey.Page, Presses);
        var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        cpu = Figures.CpuSeconds(mesh.Console.Id) - cpu;
        (batches, bytes) = (circuits.Sum(circuit => circuit.Batches) - batches, circuits.Sum(circuit => circuit.Bytes) - bytes);
        await over.CancelAsync();
        var batch = (await others).SelectMany(times => times).ToArray();
        var faults = circuits.Select(circuit => circuit.Fault).OfType<string>().ToArray();
        foreach (var circuit in circuits)
            await circuit.DisposeAsync();

        var p99 = Figures.Percentile(dom, 99);
        Figures.Print($"{pages} pages of 50 rows, load of the machine {Figures.Load}: {batches / elapsed:0} batches/s, {bytes / elapsed / 1e6:0.0} MB/s, {cpu / elapsed * 100:0} % of a core; circuits with a fault {faults.Length} {faults.FirstOrDefault()}");
        Figures.Print($"press to DOM in Chromium: alone p50 {Figures.Percentile(alone, 50):0} ms, p99 {Figures.Percentile(alone, 99):0} ms; with all p50 {Figures.Percentile(dom, 50):0} ms, p99 {p99:0} ms of {dom.Length} (goal {Goal:0} ms)");
        if (batch.Length > 0)
            Figures.Print($"press to batch at the others: p50 {Figures.Percentile(batch, 50):0} ms, p99 {Figures.Percentile(batch, 99):0} ms of {batch.Length}");
        Figures.Print($"memory of a circuit: {memory:0} KB, of the bare template's {template:0} KB: {memory / template:0.00}x (goal {MemoryGoal:0}x)");
        return p99 <= Goal && memory <= MemoryGoal * template && faults.Length == 0 ? 0 : 1;
    }

    private static async Task<double> TemplateAsync(int pages, CancellationToken cancellationToken)
    {
        using var server = Process.Start(new ProcessStartInfo("dotnet", ["exec", Assembly.GetExecutingAssembly().Location, "bench", "circuits", "template"]) { RedirectStandardOutput = true })!;
        try
        {
            var address = await server.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The template ended.");
            var cookies = new CookieContainer();
            using var client = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies });
            var page = new Uri(new Uri(address), "/counter");
            var first = await OpenAsync(client, cookies, page, TemplateServer.Mark, 1, cancellationToken);
            var before = Figures.ResidentMegabytes(server.Id);
            var circuits = await OpenAsync(client, cookies, page, TemplateServer.Mark, pages, cancellationToken);
            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
            var memory = (Figures.ResidentMegabytes(server.Id) - before) / circuits.Length * 1024;
            foreach (var circuit in circuits.Concat(first))
                await circuit.DisposeAsync();
            return memory;
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<CircuitClient[]> OpenAsync(HttpClient client, CookieContainer cookies, Uri page, string mark, int count, CancellationToken cancellationToken)
    {
        var circuits = new List<CircuitClient>();
        for (var opened = 0; opened < count; opened++)
            circuits.Add(await CircuitClient.OpenAsync(client, cookies, page, mark, cancellationToken));
        return [.. circuits];
    }

    private static async Task<SignedIn> SignInAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        var cookies = new CookieContainer();
        var client = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies });
        using var form = new FormUrlEncodedContent([new("token", ConsoleProcess.Token), new("returnUrl", "/")]);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(console.Url, "/sign-in")) { Content = form };
        request.Headers.Add("Origin", console.Url.GetLeftPart(UriPartial.Authority));
        using var answer = await client.SendAsync(request, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return new(client, cookies);
    }

    private static async Task<double[]> PressAsync(IPage page, int presses)
    {
        var times = new double[presses];
        for (var press = 0; press < presses; press++)
            times[press] = await page.EvaluateAsync<double>(Press);
        return times;
    }

    // An operator who presses every five seconds.
    private static async Task<List<double>> PickAsync(CircuitClient circuit, TimeSpan after, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        try
        {
            await Task.Delay(after, TimeProvider.System, cancellationToken);
            while (true)
            {
                times.Add(await circuit.PickAsync(cancellationToken));
                await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return times;
        }
    }

    private sealed record SignedIn(HttpClient Client, CookieContainer Cookies) : IDisposable
    {
        public void Dispose() => Client.Dispose();
    }
}
