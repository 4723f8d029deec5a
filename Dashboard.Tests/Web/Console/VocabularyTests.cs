using System.Collections.Immutable;
using Bunit;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.State;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Console;

public sealed class VocabularyTests
{
    [Fact]
    public async Task Every_state_differs_in_word_and_shape()
    {
        await using var context = new ConsoleContext();
        var badges = Enum.GetValues<MeshState>().Select(state => context.Render<StateBadge>(parameters => parameters.Add(badge => badge.State, state))).ToArray();

        Assert.Equal(badges.Length, badges.Select(badge => badge.Text()).Where(text => text.Length > 0).Distinct().Count());
        Assert.Equal(badges.Length, badges.Select(badge => badge.Find("svg").InnerHtml).Distinct().Count());
    }

    [Fact]
    public async Task Health_never_judged_reads_as_not_yet_checked()
    {
        await using var context = new ConsoleContext();

        Assert.Equal("Not yet checked", context.Render<HealthBadge>().Text());
    }

    [Fact]
    public async Task Intent_of_the_node_is_named_as_the_nodes()
    {
        await using var context = new ConsoleContext();

        var badge = context.Render<IntentBadge>(parameters => parameters.Add(intent => intent.Intent, new Intent { Kind = IntentKind.Draining }).Add(intent => intent.Inherited, true));

        Assert.Equal("Draining (node)", badge.Text());
    }

    [Theory]
    [InlineData(0.5, 0.52, 0.05, "inside")]
    [InlineData(0.5, 0.60, 0.05, "outside")]
    public async Task Share_bars_say_in_words_whether_traffic_agrees(double intended, double actual, double band, string verdict)
    {
        await using var context = new ConsoleContext();

        var bars = context.Render<ShareBars>(parameters => parameters.Add(shares => shares.Intended, intended).Add(shares => shares.Actual, actual).Add(shares => shares.Band, band));

        Assert.Contains($"{verdict} the noise band", bars.Find("[role=img]").GetAttribute("aria-label"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stage_line_says_each_stage_in_words()
    {
        await using var context = new ConsoleContext();
        ImmutableArray<OperationStage> stages =
        [
            new(StageKind.Requested, StageState.Done, DateTimeOffset.UnixEpoch, "by ada"),
            new(StageKind.Acknowledged, StageState.Active, null, "1 of 2; waiting for gateway-2"),
            new(StageKind.Observed, StageState.Waiting, null, ""),
        ];

        var line = context.Render<Dashboard.Web.Console.State.StageLine>(parameters => parameters.Add(shown => shown.Stages, stages));

        var items = line.FindAll("li").Select(item => Finding.Flat(item.TextContent)).ToArray();
        Assert.Contains("Requested : done.", items[0], StringComparison.Ordinal);
        Assert.Contains("waiting for gateway-2", items[1], StringComparison.Ordinal);
        Assert.Equal("step", line.FindAll("li")[1].GetAttribute("aria-current"));
        Assert.Contains("not reached", items[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Relative_time_counts_on_by_itself()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var context = new ConsoleContext(time);
        var shown = context.Render<RelativeTime>(parameters => parameters.Add(relative => relative.At, time.GetUtcNow().AddSeconds(-58)));
        Assert.Equal("58 s ago", shown.Text());

        time.Advance(TimeSpan.FromSeconds(1));
        shown.WaitForAssertion(() => Assert.Equal("59 s ago", shown.Text()), ConsoleContext.Patience);
        time.Advance(TimeSpan.FromSeconds(1));
        shown.WaitForAssertion(() => Assert.Equal("1 min ago", shown.Text()), ConsoleContext.Patience);
        Assert.Contains("2026-03-01 11:59:02.000 UTC", shown.Find("time").GetAttribute("title"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.44, "0.4")]
    [InlineData(12345.6, "12,346")]
    public void Rate_has_the_digits_it_is_worth(double rps, string text) => Assert.Equal(text, Format.Rate(rps));

    [Theory]
    [InlineData(0.0, "0 %")]
    [InlineData(0.00001, "< 0.01 %")]
    [InlineData(0.0042, "0.42 %")]
    [InlineData(0.372, "37.2 %")]
    public void Percent_has_the_digits_it_is_worth(double fraction, string text) => Assert.Equal(text, Format.Percent(fraction));

    [Fact]
    public void Unknown_is_never_written_as_zero() =>
        Assert.Equal((Format.None, Format.None, Format.None), (Format.Rate(null), Format.Percent(null), Format.Milliseconds(null)));
}
