using Bunit;
using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Console;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Nodes;
using Dashboard.Web.Console.Services;
using Dashboard.Web.Console.Shell;
using Dashboard.Web.Console.State;
using Dashboard.Web.Console.Time;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MudBlazor;

namespace Dashboard.Tests.Web.Console.Time;

public sealed class TimeBarTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 9, 0, 0, TimeSpan.Zero));
    private readonly ConsoleContext _context;

    public TimeBarTests()
    {
        _context = new(_time);
        _context.AddService("cart", 3);
        _time.Advance(TimeSpan.FromMinutes(5));
        _context.Bob(new DrainInstance(new("cart", "cart-2")) { Reason = "deploy" });
        _time.Advance(TimeSpan.FromMinutes(5));
    }

    private NavigationManager Navigation => _context.Services.GetRequiredService<NavigationManager>();

    private PastView Past => _context.Services.GetRequiredService<PastView>();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    [Fact]
    public async Task In_the_present_there_is_no_bar_and_in_the_past_it_says_so_and_leads_back()
    {
        var bar = _context.Render<TimeBar>();
        Assert.Empty(bar.FindAll("section"));

        await bar.InvokeAsync(() => Navigation.NavigateTo("/services?at=2026-11-23T09:04:00Z"));
        bar.WaitForAssertion(() => Assert.Contains("You are looking at 09:04:00 , 6 min ago. Acting is off.", bar.Text().Replace("09:04:00,", "09:04:00 ,", StringComparison.Ordinal), StringComparison.Ordinal), ConsoleContext.Patience);
        Assert.Equal("1795424640000", bar.Find("live-moment").GetAttribute("at"));
        Assert.StartsWith("Past 09:04:00", bar.Find("live-moment").GetAttribute("data-title"), StringComparison.Ordinal);

        await bar.PressAsync("Now");
        bar.WaitForAssertion(() => Assert.Empty(bar.FindAll("section")), ConsoleContext.Patience);
        Assert.DoesNotContain("at=", Navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_steps_by_the_minute_and_by_the_change()
    {
        Navigation.NavigateTo("/services?at=2026-11-23T09:08:00Z");
        var bar = _context.Render<TimeBar>();
        bar.WaitForAssertion(() => Assert.NotEmpty(bar.FindAll(".time-mark")), ConsoleContext.Patience);

        await bar.PressAsync("− 1 min");
        Assert.EndsWith("at=2026-11-23T09%3A07%3A00Z", Navigation.Uri, StringComparison.Ordinal);
        await bar.PressAsync("To the change before");
        Assert.EndsWith("at=2026-11-23T09%3A05%3A01Z", Navigation.Uri, StringComparison.Ordinal);
        bar.WaitForAssertion(() => Assert.Contains("Drained cart/cart-2 by bob: deploy", bar.Text(), StringComparison.Ordinal), ConsoleContext.Patience);
        // Beyond now there is nothing but now.
        await bar.InvokeAsync(() => Navigation.NavigateTo("/services?at=2026-11-23T09:09:30Z"));
        bar.WaitForAssertion(() => Assert.False(bar.Button("+ 1 min").HasAttribute("disabled")), ConsoleContext.Patience);
        await bar.PressAsync("+ 1 min");
        Assert.DoesNotContain("at=", Navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void What_happened_by_itself_is_marked_as_well_below_what_operators_did()
    {
        _context.SetHealth(new("cart", "cart-3"), HealthStatus.Unhealthy, "refused");
        _context.SetHealth(new("cart", "cart-1"), HealthStatus.Unhealthy, "refused");
        _time.Advance(TimeSpan.FromSeconds(5));
        Navigation.NavigateTo($"/services?at={Uri.EscapeDataString(PastView.Text(_time.GetUtcNow().AddSeconds(-1)))}");
        var bar = _context.Render<TimeBar>();
        bar.WaitForAssertion(() => Assert.NotEmpty(bar.FindAll(".time-track .time-mark")), ConsoleContext.Patience);

        var lost = bar.Find(".time-track .time-mark-lost");
        Assert.Contains("time-mark-below", lost.ClassName, StringComparison.Ordinal);
        Assert.Equal(["Unhealthy: cart/cart-1", "Unhealthy: cart/cart-3"], lost.GetAttribute("title")!.Split('\n').Order());
        Assert.DoesNotContain("time-mark-below", bar.Find(".time-track .time-mark-act").ClassName, StringComparison.Ordinal);
        Assert.Equal(["Unhealthy: cart/cart-1", "Unhealthy: cart/cart-3"], bar.Find(".time-near").TextContent.Split(" · ").Order());
        // Only kinds that there are.
        Assert.Equal(["operators", "lost instances", "registered"], bar.FindAll(".time-legend li").Select(item => item.TextContent.Trim()));
    }

    [Fact]
    public void Marks_that_would_stand_on_one_another_are_one_and_the_worst_is_seen()
    {
        ChangeMark Mark(int second, MarkKind kind) => new(second, _time.GetUtcNow().AddSeconds(second), "instance.health", $"cart/cart-{second}", "health", null) { Kind = kind };
        var marks = TimeMark.Gather([Mark(0, MarkKind.Joined), Mark(1, MarkKind.Lost), Mark(2, MarkKind.Act), Mark(600, MarkKind.Recovered), .. Enumerable.Range(601, 8).Select(second => Mark(second, MarkKind.Joined))], TimeSpan.FromMinutes(15));

        Assert.Equal([(MarkKind.Lost, 2, false), (MarkKind.Act, 1, true)], marks.Take(2).Select(mark => (mark.Kind, mark.Changes.Length, mark.IsAsked)));
        Assert.Equal(9, marks.Skip(2).Sum(mark => mark.Changes.Length));
        Assert.Equal(MarkKind.Recovered, marks[2].Kind);
        Assert.StartsWith("Healthy again: cart/cart-600", marks[2].Words, StringComparison.Ordinal);
        Assert.EndsWith(" more", TimeMark.Gather(Enumerable.Range(0, 9).Select(_ => Mark(0, MarkKind.Joined)), TimeSpan.FromMinutes(15))[0].Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Playing_moves_on_a_second_at_a_time_until_it_is_paused()
    {
        Navigation.NavigateTo("/services?at=2026-11-23T09:08:00Z");
        var bar = _context.Render<TimeBar>();
        bar.WaitForState(() => !Past.IsLoading, ConsoleContext.Patience);
        await bar.ChooseAsync("Speed", "10");
        await bar.PressAsync("Play");

        _time.Advance(TimeSpan.FromSeconds(1));
        bar.WaitForAssertion(() => Assert.EndsWith("at=2026-11-23T09%3A08%3A10Z", Navigation.Uri, StringComparison.Ordinal), ConsoleContext.Patience);
        await bar.PressAsync("Pause");
        Assert.Equal("false", bar.Button("Play").GetAttribute("aria-pressed"));
    }

    [Fact]
    public async Task Pages_show_what_was_and_offer_no_act()
    {
        Navigation.NavigateTo("/services/cart?at=2026-11-23T09:04:00Z");
        var page = _context.Render<ServicePage>(parameters => parameters.Add(service => service.Name, "cart"));
        await DrawnAsync(() => page.Text().Contains("3 of 3 serving", StringComparison.Ordinal), "the page shows what was");

        Assert.DoesNotContain(page.FindAll("button").Select(button => button.TextContent.Trim()), text => text is "Drain" or "Undrain" or "Maintain" or "In waves" or "Shift versions");
        Assert.All(page.FindAll(".input-weight"), field => Assert.True(field.HasAttribute("disabled")));
        Assert.All(page.FindAll("input[type=checkbox]"), box => Assert.True(box.HasAttribute("disabled")));

        var nodes = _context.Render<NodesPage>();
        Assert.Empty(nodes.FindAll(".row-actions button"));

        await page.InvokeAsync(() => Past.Go(null));
        await DrawnAsync(() => page.Text().Contains("2 of 3 serving", StringComparison.Ordinal), "the page shows what is");
        page.Button("Undrain cart-2");
        await DrawnAsync(() => nodes.FindAll(".row-actions button").Count > 0, "acts are offered again");
    }

    // A page rests between two renders, by the clock that the test holds.
    private Task DrawnAsync(Func<bool> holds, string what) => Eventually.TrueAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(200));
            return holds();
        },
        TimeSpan.FromSeconds(60),
        what,
        Xunit.TestContext.Current.CancellationToken);

    [Fact]
    public async Task The_dialogs_the_form_and_the_palette_refuse_in_the_past()
    {
        var dialogs = _context.RenderDialogs();
        Navigation.NavigateTo("/services/cart?at=2026-11-23T09:04:00Z");
        var acts = _context.Services.GetRequiredService<ActDialogs>();
        await dialogs.InvokeAsync(() => acts.DrainAsync(new("cart", "cart-1"), ServiceSettings.Default));
        Assert.Empty(dialogs.FindAll("form"));
        Assert.Contains(PastView.ActingIsOff, _context.Services.GetRequiredService<ISnackbar>().ShownSnackbars.Select(bar => bar.Message));

        // One that was open before.
        var form = _context.Render<ActForm>(parameters => parameters.Add(act => act.Command, input => input.On(new DrainInstance(new("cart", "cart-1")))).Add(act => act.Confirm, "Drain"));
        Assert.True(form.Button("Drain").HasAttribute("disabled"));
        Assert.Contains(PastView.ActingIsOff, form.Text(), StringComparison.Ordinal);
        Assert.True(_context.IntentOf("cart", "cart-1").IsActive);

        Assert.DoesNotContain(JumpTarget.Find(_context.Registry.Current, "drain cart", acts: false), target => target.Begin is not null);
        Assert.Contains(JumpTarget.Find(_context.Registry.Current, "drain cart"), target => target.Begin is not null);
    }

    [Fact]
    public void Pages_without_a_past_say_so_and_are_off_as_a_whole()
    {
        Navigation.NavigateTo("/operations?at=2026-11-23T09:04:00Z");
        var body = _context.Render<PastBody>(parameters => parameters.AddChildContent("<button>Extend</button>"));

        Assert.Contains("This page shows the present", body.Text(), StringComparison.Ordinal);
        Assert.True(body.Find("fieldset").HasAttribute("disabled"));
        Assert.NotNull(body.Find("fieldset button"));
    }

    [Fact]
    public async Task Ages_count_from_the_moment_that_is_looked_at()
    {
        Navigation.NavigateTo("/services?at=2026-11-23T09:04:00Z");
        var body = _context.Render<PastBody>(parameters => parameters.AddChildContent<RelativeTime>(age => age.Add(shown => shown.At, new DateTimeOffset(2026, 11, 23, 9, 1, 0, TimeSpan.Zero))));
        var beside = _context.Render<RelativeTime>(parameters => parameters.Add(shown => shown.At, new DateTimeOffset(2026, 11, 23, 9, 1, 0, TimeSpan.Zero)).Add(shown => shown.FromNow, true));
        await Eventually.TrueAsync(() => Past.Mesh is not null, TimeSpan.FromSeconds(60), "the moment has come", Xunit.TestContext.Current.CancellationToken);
        body.Render();
        Assert.Equal("3 min ago", body.Text());
        Assert.Equal("9 min ago", beside.Text());

        await body.InvokeAsync(() => Past.Go(null));
        body.Render();
        Assert.Equal("9 min ago", body.Text());
    }

    [Fact]
    public async Task A_moment_that_cannot_be_shown_shows_nothing_of_the_present()
    {
        Navigation.NavigateTo("/services?at=2020-01-01T00:00:00Z");
        var body = _context.Render<PastBody>(parameters => parameters.AddChildContent("<p>the present</p>"));
        var bar = _context.Render<TimeBar>();
        // The layout draws the body anew when the moment has come; here it is drawn alone.
        await Eventually.TrueAsync(() => Past.Problem is not null, ConsoleContext.Patience, "the answer has come", Xunit.TestContext.Current.CancellationToken);
        body.Render();

        Assert.Contains("is not known: the retained log begins", body.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain("the present", body.Text(), StringComparison.Ordinal);
        Assert.NotEmpty(bar.FindAll("section"));
    }

    [Fact]
    public async Task A_moment_that_could_not_be_read_comes_by_itself_when_the_database_is_back()
    {
        _context.History.Away = true;
        Navigation.NavigateTo("/services?at=2026-11-23T09:04:00Z");
        var bar = _context.Render<TimeBar>();
        await Eventually.TrueAsync(() => Past.Problem is not null, ConsoleContext.Patience, "the answer has come", Xunit.TestContext.Current.CancellationToken);
        Assert.Contains("does not answer", Past.Problem, StringComparison.Ordinal);

        _context.History.Away = false;
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return Past is { Mesh: not null, Problem: null };
            },
            ConsoleContext.Patience, "the moment is shown", Xunit.TestContext.Current.CancellationToken);
        Assert.NotEmpty(bar.FindAll("section"));
    }

    [Fact]
    public async Task Links_inside_the_past_stay_in_it()
    {
        Navigation.NavigateTo("/services?range=1h&at=2026-11-23T09:04:00Z");
        var bar = _context.Render<TimeBar>();
        bar.WaitForState(() => !Past.IsLoading, ConsoleContext.Patience);

        Assert.Equal("/services/cart?instance=cart-1&at=2026-11-23T09%3A04%3A00Z&range=1h", Past.Keep("/services/cart?instance=cart-1"));
        // Another page without a moment, as a key or a link asks for it.
        await bar.InvokeAsync(() => Navigation.NavigateTo("/nodes"));
        bar.WaitForAssertion(() => Assert.EndsWith("/nodes?at=2026-11-23T09%3A04%3A00Z&range=1h", Navigation.Uri, StringComparison.Ordinal), ConsoleContext.Patience);
    }
}
