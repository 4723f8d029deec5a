using System.Globalization;
using System.Text.Json;
using Dashboard.Tests.Browser;
using Dashboard.Tests.Support;
using Microsoft.Playwright;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// Frames per second in Chromium without a GPU while the view is panned and zoomed without a pause and 200 services of a mesh of 1,000 services, 10,000 instances and 5,000 edges
/// change a second: at least 30, and at least 0.9x of a bare Cytoscape with the same elements and style to which as many changes are applied.
/// Also, for information, the largest view: three calls around a service.
/// </summary>
internal sealed class TopologyFramesBenchmark : IBenchmark
{
    private const double GoalFrames = 30;
    private const double GoalRatio = 0.9;
    private const int Rounds = 3;

    // Moves the view in every frame for so many seconds and counts the frames.
    private const string Drive = """
        seconds => new Promise(resolve => {
          const cy = document.querySelector('.topo-surface')._cyreg.cy;
          const base = cy.zoom();
          const pan = { ...cy.pan() };
          const from = performance.now();
          let frames = 0;
          const step = now => {
            frames++;
            const t = (now - from) / 1000;
            cy.viewport({ zoom: base * (1 + 0.3 * Math.sin(t * 2)), pan: { x: pan.x + 80 * Math.sin(t * 3), y: pan.y + 60 * Math.cos(t * 3) } });
            if (t < seconds) requestAnimationFrame(step);
            else { cy.viewport({ zoom: base, pan }); resolve(frames / t); }
          };
          requestAnimationFrame(step);
        })
        """;

    private const string Take = """
        () => {
          const cy = document.querySelector('.topo-surface')._cyreg.cy;
          const { elements } = cy.json();
          for (const edge of elements.edges ?? []) edge.data.label = cy.getElementById(edge.data.id).style('label');
          const style = cy.style().json().map(rule => rule.selector.includes('edge') && 'label' in rule.style ? { ...rule, style: { ...rule.style, label: 'data(label)' } } : rule);
          return { elements, style, zoom: cy.zoom(), pan: cy.pan(), width: cy.width(), height: cy.height() };
        }
        """;

    // As a page would without this console's care: each change is applied as it comes, five times a second.
    private const string Bare = """
        taken => {
          document.body.style.margin = '0';
          const surface = document.createElement('div');
          surface.className = 'topo-surface';
          surface.style.cssText = `width:${taken.width}px;height:${taken.height}px`;
          document.body.replaceChildren(surface);
          const cy = cytoscape({ container: surface, elements: taken.elements, style: taken.style, layout: { name: 'preset' }, minZoom: 0.08, maxZoom: 3, pixelRatio: 'auto' });
          cy.viewport({ zoom: taken.zoom, pan: taken.pan });
          const marks = cy.nodes('[picture]');
          const pictures = [...new Set(marks.map(mark => mark.data('picture')))];
          let turn = 0;
          setInterval(() => cy.batch(() => {
            for (let left = Math.min(taken.changes, marks.length); left > 0; left--, turn++) {
              const mark = marks[turn % marks.length];
              mark.data({ picture: pictures[turn % pictures.length], label: mark.data('label').replace(/\n[^\n]*/, `\n${turn % 1000}/s`) });
            }
          }), 200);
        }
        """;

    public string Name => "topology-frames";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        await using var mesh = await MeshConsole.StartAsync(new(1000, 10, 5000), changes: 200, cancellationToken);
        var browser = new BrowserFixture();
        await browser.InitializeAsync();
        await using var closing = browser;
        await using var journey = await Journey.SignInAsync(browser.Browser, mesh.Console, cancellationToken: cancellationToken);
        var met = true;
        foreach (var (path, title, counts, drawnChanges) in new[]
        {
            ("", "the mesh as it opens", true, 40),
            ($"?focus={mesh.Mesh.Services[0]}&hops=3", "three calls around a service", false, 10),
        })
        {
            var (ours, bare, marks, edges) = (new List<double>(), new List<double>(), 0, 0);
            for (var round = 0; round < Rounds; round++)
            {
                var page = journey.Page;
                await page.GotoAsync(new Uri(mesh.Console.Url, path).ToString());
                await TopologyProbe.DrawnAsync(page, cancellationToken);
                await PauseAsync(cancellationToken);
                ours.Add(await page.EvaluateAsync<double>($"({Drive})(5)"));
                var taken = await page.EvaluateAsync<string>($"() => JSON.stringify(({Take})())");
                using var read = JsonDocument.Parse(taken);
                var elements = read.RootElement.GetProperty("elements");
                (marks, edges) = (elements.GetProperty("nodes").GetArrayLength(), elements.TryGetProperty("edges", out var all) ? all.GetArrayLength() : 0);
                await page.GotoAsync("about:blank");
                await page.AddScriptTagAsync(new() { Path = Path.Combine(PostgresPackages.Directories[0], "cytoscape", "dist", "cytoscape.min.js") });
                await page.EvaluateAsync($"taken => ({Bare})({{ ...JSON.parse(taken), changes: {drawnChanges} }})", taken);
                await PauseAsync(cancellationToken);
                bare.Add(await page.EvaluateAsync<double>($"({Drive})(5)"));
            }

            var (own, other) = (Median(ours), Median(bare));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{title}, {marks} marks and {edges} calls drawn: {own:0.0} frames/s ({string.Join(", ", ours.Select(one => $"{one:0}"))}), bare Cytoscape {other:0.0} ({string.Join(", ", bare.Select(one => $"{one:0}"))}), {own / other:0.00}x{(counts ? $" (goals {GoalFrames:0} frames/s and {GoalRatio}x)" : " (for information)")}"));
            met &= !counts || (own >= GoalFrames && own >= GoalRatio * other);
        }

        return met ? 0 : 1;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    // The first frames after loading are not what is measured.
    private static Task PauseAsync(CancellationToken cancellationToken) => Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
}
