using Bunit;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Dashboard.Web.Console.Live;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Console;

public sealed class LivePageTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Many_changes_cost_five_renders_a_second_and_the_last_one_is_shown()
    {
        var time = new FakeTimeProvider(Start);
        await using var context = new ConsoleContext(time);
        var page = context.Render<Counter>();
        page.WaitForAssertion(() => Assert.Equal(1, page.Instance.Refreshes - page.Instance.FromParameters), ConsoleContext.Patience);

        context.AddService("cart", 20);
        // The page rests after each render, by the clock that the test holds, and comes to its rest on a thread of its own.
        var pauses = 0;
        await Eventually.TrueAsync(
            () =>
            {
                if (page.Instance.Shown == context.Registry.Current.Revision)
                    return true;
                time.Advance(TimeSpan.FromMilliseconds(200));
                pauses++;
                return false;
            },
            ConsoleContext.Patience,
            "the last change is shown",
            Xunit.TestContext.Current.CancellationToken);

        // The one of the beginning, the first change at once, and one after each pause.
        Assert.InRange(page.Instance.Refreshes - page.Instance.FromParameters, 2, 2 + pauses);
    }

    [Fact]
    public async Task Change_of_the_registry_does_not_wait_behind_the_render_of_a_figure()
    {
        var time = new FakeTimeProvider(Start);
        await using var context = new ConsoleContext(time);
        var page = context.Render<Counter>();
        page.WaitForAssertion(() => Assert.Equal(1, page.Instance.Refreshes - page.Instance.FromParameters), ConsoleContext.Patience);

        // The clock stands still: the pause after the first render would never end.
        context.AddService("cart", 1);

        page.WaitForAssertion(() => Assert.True(page.Instance.Shown > 0), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Page_that_is_left_gives_its_subscription_back()
    {
        await using var context = new ConsoleContext();
        var page = context.Render<Counter>();
        Assert.Equal(1, context.Registry.Feed.SubscriberCount);

        await context.DisposeComponentsAsync();

        page.WaitForAssertion(() => Assert.Equal(0, context.Registry.Feed.SubscriberCount), ConsoleContext.Patience);
    }

    [Fact]
    public async Task Registry_that_was_replaced_is_shown()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 1);
        var page = context.Render<Counter>();

        context.Registry.Restore(RegistrySnapshot.Empty(Guid.NewGuid(), Start));

        page.WaitForAssertion(() => Assert.Equal(0, page.Instance.Shown), ConsoleContext.Patience);
        Assert.Equal(1, context.Registry.Feed.SubscriberCount);
    }

    [Fact]
    public async Task Refresh_after_which_nothing_reads_otherwise_draws_nothing()
    {
        await using var context = new ConsoleContext();
        var page = context.Render<Carts>();

        context.AddService("orders", 1);
        while (!page.Instance.Known.Contains("orders"))
            Assert.True(await page.Instance.Refreshed.WaitAsync(ConsoleContext.Patience, Xunit.TestContext.Current.CancellationToken));
        await page.InvokeAsync(() => { });
        Assert.Equal(1, page.RenderCount);

        context.AddService("cart", 1);
        page.WaitForAssertion(() => Assert.Equal("True", page.Markup), ConsoleContext.Patience);
        Assert.Equal(2, page.RenderCount);
    }

    private sealed class Carts : LivePage
    {
        public SemaphoreSlim Refreshed { get; } = new(0);

        public IReadOnlySet<string> Known { get; private set; } = new HashSet<string>();

        protected override object Drawn => Known.Contains("cart");

        protected override void Refresh()
        {
            Known = Registry.Current.Services.Keys.ToHashSet();
            Refreshed.Release();
        }

        protected override void BuildRenderTree(RenderTreeBuilder builder) => builder.AddContent(0, Drawn);
    }

    private sealed class Counter : LivePage
    {
        public int Refreshes { get; private set; }

        public int FromParameters { get; private set; }

        public long Shown { get; private set; }

        protected override void OnParametersSet()
        {
            FromParameters++;
            base.OnParametersSet();
        }

        protected override void Refresh()
        {
            Refreshes++;
            Shown = Registry.Current.Revision;
        }

        protected override void BuildRenderTree(RenderTreeBuilder builder) => builder.AddContent(0, Shown);
    }
}
