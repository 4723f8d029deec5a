using System.Collections.Immutable;
using Bunit;
using Dashboard.Tests.Support;
using Dashboard.Web.Console.Settings;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Console;

public sealed class SettingsPageTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private static readonly ConsoleMember Self = new(Guid.NewGuid(), "http://10.0.0.1:5080", IsSelf: true, Heard: true, SameToken: true, Start, 40);

    private static readonly ConsoleFacts Facts = new()
    {
        Version = "version 1.2.3",
        Consoles = [Self],
        Shares = 64,
        ReachesStore = true,
        Listeners = [new("xDS", ["http://127.0.0.1:5081"], "Xds:Url", "Envoy and gRPC"), new("DNS", [], "Dns:Endpoint")],
        Store = "Postgres at db.example:5432, database mesh",
        KeepsChanges = TimeSpan.FromDays(90),
        KeepsTraffic = TimeSpan.Zero,
        TokenFile = "/var/lib/dashboard/admin-token",
    };

    [Fact]
    public async Task Settings_tell_where_the_console_listens_stores_and_keeps_its_token()
    {
        await using var context = new ConsoleContext();
        context.AddService("cart", 2);

        var page = Show(context, new(Facts)).Text();

        Assert.Matches("xDS\\s*Envoy and gRPC\\s*http://127.0.0.1:5081\\s*Xds:Url", page);
        Assert.Matches("DNS\\s*off\\s*Dns:Endpoint", page);
        Assert.Contains("Postgres at db.example:5432, database mesh", page, StringComparison.Ordinal);
        Assert.Contains("1 service, 2 instances", page, StringComparison.Ordinal);
        Assert.Contains("changes for 90 days", page, StringComparison.Ordinal);
        Assert.Contains("by the minute for ever", page, StringComparison.Ordinal);
        Assert.Contains("generated, in /var/lib/dashboard/admin-token", page, StringComparison.Ordinal);
        Assert.Matches("You are\\s*ada", page);
        Assert.Matches("Balancing\\s*weighted round robin over HTTP", page);
    }

    [Fact]
    public async Task Console_that_falls_silent_is_told_within_a_second()
    {
        var time = new FakeTimeProvider(Start);
        await using var context = new ConsoleContext(time);
        var facts = new Told(Facts with { Consoles = [Self, new(Guid.NewGuid(), "http://10.0.0.2:5080", IsSelf: false, Heard: true, SameToken: true, Start, 24)] });
        var page = Show(context, facts);
        Assert.Contains("2 consoles", page.Find(".headline-counts").TextContent, StringComparison.Ordinal);

        facts.Facts = facts.Facts with { Consoles = [Self, facts.Facts.Consoles[1] with { Heard = false, SameToken = null }] };

        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(page.Text().Contains("1 of 2 consoles not heard", StringComparison.Ordinal));
            },
            ConsoleContext.Patience, () => page.Text(), Xunit.TestContext.Current.CancellationToken);
        Assert.Matches(@"http://10\.0\.0\.2:5080\s+Not heard\s+not known\s+24 of 64", page.Text());
    }

    [Fact]
    public async Task Console_with_another_token_is_named()
    {
        await using var context = new ConsoleContext();

        var page = Show(context, new(Facts with { Consoles = [Self, new(Guid.NewGuid(), "http://10.0.0.2:5080", IsSelf: false, Heard: true, SameToken: false, Start, 24)] })).Text();

        Assert.Contains("Consoles with another admin token", page, StringComparison.Ordinal);
        Assert.Contains("another: what one lets in the other refuses", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "This console cannot renew its leases")]
    [InlineData(false, "Postgres is away")]
    public async Task Store_that_is_away_is_told_within_a_second(bool leases, string said)
    {
        var time = new FakeTimeProvider(Start);
        await using var context = new ConsoleContext(time);
        var facts = new Told(Facts);
        var page = Show(context, facts);
        Assert.NotNull(page.Find(".headline-counts .state-healthy"));
        Assert.Contains("Written and read", page.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain("the same", page.Find("section[aria-label='Consoles'] tbody").TextContent, StringComparison.Ordinal);

        if (leases)
            facts.Facts = Facts with { ReachesStore = false };
        else
            context.Registry.TakeAway();

        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(page.Text().Contains(said, StringComparison.Ordinal));
            },
            ConsoleContext.Patience, () => page.Text(), Xunit.TestContext.Current.CancellationToken);
        Assert.NotNull(page.Find(leases ? ".headline-counts .badge.state-stale" : "section[aria-label='Registry'] .badge.state-stale"));
    }

    [Fact]
    public void Facts_that_say_the_same_are_equal()
    {
        Assert.Equal(Facts, Facts with { Consoles = [.. Facts.Consoles], Listeners = [.. Facts.Listeners.Select(listener => listener with { Addresses = [.. listener.Addresses] })] });
        ConsoleFacts[] others =
        [
            Facts with { Version = "" }, Facts with { Consoles = [] }, Facts with { Shares = 1 }, Facts with { ReachesStore = false }, Facts with { Listeners = [] }, Facts with { Store = "" },
            Facts with { KeepsChanges = TimeSpan.Zero }, Facts with { KeepsTraffic = TimeSpan.FromDays(1) }, Facts with { TokenFile = null },
        ];
        Assert.All(others, other => Assert.NotEqual(Facts, other));
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task Headline_is_marked_when_a_console_is_not_heard_or_has_another_token(bool heard, bool? sameToken)
    {
        await using var context = new ConsoleContext();

        var page = Show(context, new(Facts with { Consoles = [Self, new(Guid.NewGuid(), "http://10.0.0.2:5080", IsSelf: false, heard, sameToken, Start, 24)] }));

        Assert.Single(page.FindAll(heard && sameToken != false ? ".headline-counts .badge.state-healthy" : ".headline-counts .badge.state-stale"));
    }

    [Fact]
    public async Task Console_that_has_not_entered_itself_or_has_a_configured_token_says_so()
    {
        await using var context = new ConsoleContext();

        var page = Show(context, new(Facts with { Consoles = [], TokenFile = null })).Text();

        Assert.Contains("1 console", page, StringComparison.Ordinal);
        Assert.Contains("This console has not entered itself yet.", page, StringComparison.Ordinal);
        Assert.Contains("configured as Auth:AdminToken", page, StringComparison.Ordinal);
        Assert.Matches("The lost\\s*are removed after 30 min", page);
    }

    [Fact]
    public async Task What_a_console_is_run_with_is_drawn_again_when_it_is_another()
    {
        var time = new FakeTimeProvider(Start);
        await using var context = new ConsoleContext(time);
        var facts = new Told(Facts);
        var page = Show(context, facts);
        (ConsoleFacts Facts, string Said)[] steps =
        [
            (Facts with { Listeners = [Facts.Listeners[0] with { Addresses = ["http://127.0.0.1:7777"] }] }, "http://127.0.0.1:7777"),
            (Facts with { Version = "version 7.7.7" }, "version 7.7.7"),
            (Facts with { Shares = 77 }, "40 of 77"),
        ];
        foreach (var (next, said) in steps)
        {
            facts.Facts = next;
            await Eventually.TrueAsync(
                () =>
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    return Task.FromResult(page.Text().Contains(said, StringComparison.Ordinal));
                },
                ConsoleContext.Patience, () => page.Text(), Xunit.TestContext.Current.CancellationToken);
        }
    }

    private static IRenderedComponent<SettingsPage> Show(ConsoleContext context, Told facts)
    {
        context.Services.AddSingleton<IConsoleFacts>(facts);
        return context.Render<SettingsPage>();
    }

    private sealed class Told(ConsoleFacts facts) : IConsoleFacts
    {
        public ConsoleFacts Facts { get; set; } = facts;

        public ConsoleFacts Read() => Facts;
    }
}
