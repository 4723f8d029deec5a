using Microsoft.Playwright;

namespace Dashboard.Tests.Support;

/// <summary>What the topology's canvas shows, asked of the graph that it is drawn from.</summary>
internal static class TopologyProbe
{
    /// <summary>Marks that have a place and are seen.</summary>
    public const string Marks = "() => document.querySelector('.topo-surface')?._cyreg?.cy.nodes().filter(n => n.isChildless() && !n.hasClass('unplaced')).length ?? 0";

    /// <summary>Of these, those whose label is large enough to be drawn.</summary>
    public const string Labels = """
        () => {
          const cy = document.querySelector('.topo-surface')._cyreg.cy;
          return cy.nodes().filter(n => n.isChildless() && !n.hasClass('unplaced') && n.data('label') && parseFloat(n.style('font-size')) * cy.zoom() >= parseFloat(n.style('min-zoomed-font-size'))).length;
        }
        """;

    // Complete once every mark has a place, the pictures are loaded and a frame was painted with them.
    private const string Drawn = """
        () => {
          const cy = document.querySelector('.topo-surface')?._cyreg?.cy;
          if (!cy || cy.nodes().length === 0 || cy.nodes('.unplaced').length > 0) return null;
          const cache = cy.renderer().imageCache ?? {};
          const pictures = cy.nodes('[picture]').map(n => n.data('picture'));
          if (!pictures.every(picture => cache[picture]?.image?.complete)) return null;
          return new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))));
        }
        """;

    /// <summary>Waits until the graph is drawn; milliseconds since the navigation began.</summary>
    public static async Task<double> DrawnAsync(IPage page, CancellationToken cancellationToken)
    {
        double? drawn = null;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    drawn = await page.EvaluateAsync<double?>(Drawn);
                }
                catch (PlaywrightException)
                {
                    // Between two documents.
                }

                return drawn is not null;
            },
            TimeSpan.FromSeconds(60),
            () => "the graph is drawn",
            cancellationToken);
        return drawn!.Value;
    }

    /// <summary>Types an instance's id and waits for its line; milliseconds from the last key to the line, as the page itself measures it.</summary>
    public static async Task<double> SearchAsync(IPage page, string instance, CancellationToken cancellationToken)
    {
        var field = page.Locator("#topology-search");
        await field.FillAsync(instance[..^1]);
        await Assertions.Expect(page.Locator("#topology-found li").First).ToBeVisibleAsync(new() { Timeout = 60_000 });
        var times = new List<double>();
        for (var round = 0; round < 9; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await field.FillAsync("");
            await Assertions.Expect(page.Locator("#topology-found li")).ToHaveCountAsync(0, new() { Timeout = 60_000 });
            times.Add(await page.EvaluateAsync<double>(
                """
                instance => new Promise(resolve => {
                  const field = document.getElementById('topology-search');
                  const list = document.getElementById('topology-found');
                  const from = performance.now();
                  const look = new MutationObserver(() => {
                    if (![...list.querySelectorAll('.found-name')].some(name => name.textContent === instance)) return;
                    look.disconnect();
                    resolve(performance.now() - from);
                  });
                  look.observe(list, { childList: true, subtree: true, characterData: true });
                  field.focus();
                  field.value = instance;
                  field.dispatchEvent(new Event('input', { bubbles: true }));
                })
                """,
                instance));
        }

        await field.FillAsync("");
        return times.Order().ElementAt(times.Count / 2);
    }
}
