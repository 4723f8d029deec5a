using System.Collections.Immutable;
using CsCheck;
using Dashboard.Core.Attention;
using Dashboard.Core.Registry;

namespace Dashboard.Tests.Core.Attention;

/// <summary>Pending, firing, resolved: at each threshold and one tick before it.</summary>
public sealed class AlertLifeTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly RuleSettings Settings = new(AlertSeverity.Warning, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(15));
    private static readonly AttentionOptions Options = new(Enum.GetValues<AlertRule>().ToDictionary(rule => rule, rule => rule == AlertRule.StoreAway ? Settings with { Severity = AlertSeverity.Critical } : Settings));

    private readonly AlertLife _life = new(Options);
    private AlertBoard _board = AlertBoard.Empty;
    private ImmutableDictionary<long, AlertMark> _marks = ImmutableDictionary<long, AlertMark>.Empty;

    [Fact]
    public void ACondition_FiresWhenItHasHeldForLongEnough()
    {
        Look(0, Of("b"));
        Assert.Equal((AlertState.Pending, Start), (Single.State, Single.Since));
        Look(9.999, Of("b"));
        Assert.Equal(AlertState.Pending, Single.State);
        Look(10, Of("b"));
        Assert.Equal((AlertState.Firing, Start, (DateTimeOffset?)Start.AddSeconds(10)), (Single.State, Single.Since, Single.FiringSince));
        Assert.True(Single.IsLoud);
    }

    [Fact]
    public void WhatHasHeldForLongAlready_FiresAtOnce_AndKeepsItsBeginning()
    {
        var since = Start.AddMinutes(-3);

        Look(0, Of("b") with { Since = since });

        Assert.Equal((AlertState.Firing, since), (Single.State, Single.Since));
    }

    [Fact]
    public void AClockThatRunsAhead_DoesNotHoldAnAlertBack()
    {
        Look(0, Of("b") with { Since = Start.AddHours(1) });
        Look(10, Of("b") with { Since = Start.AddHours(1) });

        Assert.Equal((AlertState.Firing, Start), (Single.State, Single.Since));
    }

    [Fact]
    public void WhatIsGoneBeforeItFires_LeavesNoTrace()
    {
        Look(0, Of("b"));
        Look(5);

        Assert.Empty(_board.Alerts);
        // And begins anew.
        Look(6, Of("b"));
        Look(15.9, Of("b"));
        Assert.Equal(AlertState.Pending, Single.State);
    }

    [Fact]
    public void WhatComesAndGoes_StaysOneAlert()
    {
        Look(0, Of("b"));
        Look(10, Of("b"));
        for (var second = 11.0; second < 100; second += 14)
        {
            Assert.Null(Look(second));
            Look(second + 13);
            Look(second + 13.5, Of("b"));
            Assert.Equal((AlertState.Firing, Start), (Single.State, Single.Since));
        }
    }

    [Fact]
    public void WhatIsGoneForLongEnough_IsResolved_ForgottenLater_AndFiresAnew()
    {
        Look(0, Of("b"));
        Look(10, Of("b"));
        Look(20);
        Look(34.999);
        Assert.Equal(AlertState.Firing, Single.State);
        Look(35);
        Assert.Equal((AlertState.Resolved, (DateTimeOffset?)Start.AddSeconds(35)), (Single.State, Single.ResolvedAt));
        Look(36, Of("b"));
        Assert.Equal((AlertState.Pending, Start.AddSeconds(36)), (Single.State, Single.Since));
        Look(46, Of("b"));
        Look(47);
        Look(62);
        Look(62 + AlertLife.KeptAfterEnd.TotalSeconds - 0.001);
        Assert.Equal(AlertState.Resolved, Single.State);
        Look(62 + AlertLife.KeptAfterEnd.TotalSeconds);
        Assert.Empty(_board.Alerts);
    }

    [Fact]
    public void WhereNothingChanges_NothingIsPublished()
    {
        var finding = Of("b");
        Assert.NotNull(Look(0, finding));
        Assert.Null(Look(5, finding));
        Assert.NotNull(Look(10, finding));
        var board = _board;
        Assert.Null(Look(60, finding));
        Assert.Same(board, _board);
        // An equal finding says nothing new either; other evidence does.
        Assert.Null(Look(61, Of("b")));
        Assert.Equal("other", Look(62, Of("b") with { Evidence = "other" })!.Changed.Single().Finding.Evidence);
    }

    [Fact]
    public void AnAcknowledgement_IsAboutOneAlert_AndASilenceAboutThoseThatMatch()
    {
        Look(0, Of("a"), Of("b"), Of("c", service: "cart"));
        Look(10, Of("a"), Of("b"), Of("c", service: "cart"));
        Assert.Equal((3, 3), (_board.Loud, _board.Firing));
        Mark(1, AlertMarkKind.Acknowledgement, new(Alert: Of("a").Name));
        Mark(2, AlertMarkKind.Silence, new(Service: "cart"), minutes: 1);
        Mark(3, AlertMarkKind.Silence, new(Service: "cart", Instance: "other"));

        Look(11, Of("a"), Of("b"), Of("c", service: "cart"));

        Assert.Equal((1, 3), (_board.Loud, _board.Firing));
        Assert.Equal("b", Assert.Single(_board.Alerts, alert => alert.IsLoud).Finding.Instance);
        Assert.Equal(1, _board.Alerts.Single(alert => alert.Finding.Instance == "a").Acknowledgement!.Id);
        Assert.Equal(2, _board.Alerts.Single(alert => alert.Finding.Instance == "c").Silence!.Id);
        // The silence ends with its minute.
        Look(59.999, Of("a"), Of("b"), Of("c", service: "cart"));
        Assert.Equal(1, _board.Loud);
        Look(60, Of("a"), Of("b"), Of("c", service: "cart"));
        Assert.Equal(2, _board.Loud);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void OfSeveralSilences_TheOneThatLastsLongestCounts(long longest, long other)
    {
        Mark(longest, AlertMarkKind.Silence, new(Service: "orders"), minutes: 5);
        Mark(other, AlertMarkKind.Silence, new(Instance: "b"), minutes: 1);
        Look(0, Of("b"));
        Look(10, Of("b"));

        Assert.Equal(longest, Single.Silence!.Id);
    }

    [Fact]
    public void WhatIsResolved_BearsNoMarks()
    {
        Mark(1, AlertMarkKind.Acknowledgement, new(Alert: Of("b").Name));
        Mark(2, AlertMarkKind.Silence, new(Instance: "b"));
        Look(0, Of("b"));
        Look(10, Of("b"));
        Assert.Equal((1L, 2L), (Single.Acknowledgement!.Id, Single.Silence!.Id));

        Look(11);
        Look(26);

        Assert.Equal((AlertState.Resolved, (AlertMark?)null, (AlertMark?)null), (Single.State, Single.Acknowledgement, Single.Silence));
    }

    [Theory]
    [InlineData("instanceUnhealthy", null, null, null, true)]
    [InlineData("storeAway", null, null, null, false)]
    [InlineData(null, "orders", "b", "n-b", true)]
    [InlineData(null, "orders", "c", null, false)]
    [InlineData(null, null, null, "n-c", false)]
    [InlineData(null, null, null, "n-b", true)]
    public void AMatch_AgreesWithEverythingThatItNames(string? rule, string? service, string? instance, string? node, bool covered) =>
        Assert.Equal(covered, Alert.Covers(new(rule, service, instance, node), Of("b")));

    [Fact]
    public void TooMany_AreCounted_AndTheCriticalStillFindRoom()
    {
        var many = Enumerable.Range(0, AlertLife.Maximum + 7).Select(number => Of($"i{number}")).Append(new(new(AlertRule.StoreAway, "registry:"), "away", "", "/")).ToArray();

        Look(0, many);

        Assert.Equal((AlertLife.Maximum + 1, 7), (_board.Alerts.Length, _board.Omitted));
        Assert.Contains(_board.Alerts, alert => alert.Key.Rule == AlertRule.StoreAway);
        Look(10, many);
        Assert.Equal(AlertRule.StoreAway, _board.Alerts[0].Key.Rule);
    }

    [Fact]
    public void WhateverComesAndGoes_TheLifeHoldsItsPromises() => Gen.Select(Gen.Bool, Gen.Int[1, 20]).List[1, 60].Sample(steps =>
    {
        var life = new AlertLife(Options);
        var board = AlertBoard.Empty;
        var (now, goneSince) = (Start, (DateTimeOffset?)null);
        foreach (var (holds, seconds) in steps)
        {
            now += TimeSpan.FromSeconds(seconds);
            goneSince = holds ? null : goneSince ?? now;
            var before = board.Alerts.SingleOrDefault();
            board = life.Step(holds ? [Of("b")] : [], ImmutableDictionary<long, AlertMark>.Empty, board, now)?.Board ?? board;
            var alert = board.Alerts.SingleOrDefault();
            if (before is { State: AlertState.Firing } && alert?.State != AlertState.Firing)
            {
                // It is resolved after the whole of its rest, and never vanishes.
                Assert.Equal(AlertState.Resolved, alert?.State);
                Assert.True(now - goneSince >= Settings.Clear);
            }

            if (alert is { State: AlertState.Firing } && before?.State != AlertState.Firing)
                Assert.True(now - alert.Since >= Settings.For && holds);
            if (alert is { State: AlertState.Pending })
                Assert.True(now - alert.Since < Settings.For && holds);
        }
    });

    private Alert Single => Assert.Single(_board.Alerts);

    private static Finding Of(string instance, string service = "orders") => new(new(AlertRule.InstanceUnhealthy, $"{service}/{instance}"), $"{instance} is unhealthy", "3 in a row.", "/") { Service = service, Instance = instance, Node = $"n-{instance}" };

    private void Mark(long id, AlertMarkKind kind, AlertMatch match, double minutes = 60) =>
        _marks = _marks.SetItem(id, new(id, kind, match, Start, Start.AddMinutes(minutes), "ann", "because"));

    private AlertBoardUpdate? Look(double second, params Finding[] findings)
    {
        var update = _life.Step([.. findings], _marks, _board, Start.AddSeconds(second));
        _board = update?.Board ?? _board;
        return update;
    }
}
