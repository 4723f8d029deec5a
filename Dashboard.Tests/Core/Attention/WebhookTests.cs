using System.Globalization;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Dashboard.Tests.Core.Attention;

/// <summary>What a webhook hears, from a real server: each firing once and its end, also when it could not be reached in between.</summary>
public sealed class WebhookTests
{
    [Fact]
    public async Task AnAlert_IsToldWhenItFiresAndWhenItEnds_WithEverythingThatAPersonNeeds()
    {
        await using var rig = await WebhookRig.StartAsync();
        await rig.RoundAsync();
        Assert.Empty(rig.Received);
        rig.Fire("a");

        await rig.RoundAsync();
        await rig.RoundAsync(60);

        var (body, headers) = Assert.Single(rig.Received);
        Assert.Equal(("Bearer hush", "edge", "application/json"), (headers["Authorization"], headers["X-Team"], headers["Content-Type"]));
        Assert.Equal((1, "https://mesh.example/"), (body.GetProperty("version").GetInt32(), body.GetProperty("console").GetString()));
        var alert = Assert.Single(body.GetProperty("alerts").EnumerateArray());
        Assert.Equal(
            $"{rig.Id("a")} firing instanceUnhealthy warning orders/a orders a n1 | a of orders is unhealthy | Refused; 3 in a row. | https://mesh.example/services/orders?instance=a",
            string.Join(' ', new[] { "fingerprint", "status", "rule", "severity", "target", "service", "instance", "node" }.Select(name => alert.GetProperty(name).GetString()))
            + $" | {alert.GetProperty("summary").GetString()} | {alert.GetProperty("evidence").GetString()} | {alert.GetProperty("link").GetString()}");
        Assert.Equal(WebhookRig.Start.AddSeconds(-15), alert.GetProperty("startsAt").GetDateTimeOffset());
        Assert.False(alert.TryGetProperty("endsAt", out _));

        rig.Resolve("a");
        await rig.RoundAsync();
        await rig.RoundAsync(60);
        Assert.Equal(["firing a", "resolved a"], rig.All);
        var end = rig.Received.Last().Body.GetProperty("alerts")[0];
        Assert.Equal((WebhookRig.Start.AddSeconds(-15), WebhookRig.Start.AddSeconds(60)), (end.GetProperty("startsAt").GetDateTimeOffset(), end.GetProperty("endsAt").GetDateTimeOffset()));
        Assert.Equal((2, 0, (string?)null), (rig.State.Delivered, rig.State.Waiting, rig.State.LastFailure));
    }

    [Fact]
    public async Task WhenItFails_ItIsTriedAgain_EverMoreRarely_UntilItIsTold()
    {
        await using var rig = await WebhookRig.StartAsync();
        for (var failure = 0; failure < 4; failure++)
            rig.Answers.Enqueue(Status(failure % 2 == 0 ? 500 : 503));
        rig.Fire("a");

        await rig.RoundAsync();
        Assert.Equal(("it answered 500 Internal Server Error", 1), (rig.State.LastFailure, rig.State.Waiting));
        var waits = new List<double>();
        while (rig.State.LastFailure is not null)
        {
            var (attempts, next) = (rig.Received.Count, rig.State.NextAttempt!.Value);
            waits.Add((next - rig.Time.GetUtcNow()).TotalSeconds);
            // Not a tick too early.
            rig.Time.SetUtcNow(next.AddTicks(-1));
            await rig.RoundAsync();
            Assert.Equal(attempts, rig.Received.Count);
            rig.Time.SetUtcNow(next);
            await rig.RoundAsync();
            Assert.Equal(attempts + 1, rig.Received.Count);
        }

        Assert.Equal(4, waits.Count);
        Assert.All(waits.Zip([1.0, 2, 4, 8]), pair => Assert.InRange(pair.First, pair.Second / 2, pair.Second));
        Assert.Equal(5, rig.Received.Count);
        Assert.Equal((1, 0, (DateTimeOffset?)null, rig.Time.GetUtcNow()), (rig.State.Delivered, rig.State.Waiting, rig.State.FailingSince, rig.State.LastSuccess));
        // The log says it once when it begins and once when it is over.
        Assert.Equal(2, rig.Log.Split('\n').Length);
    }

    [Theory]
    [InlineData("30", 30)]
    [InlineData("Sun, 01 Mar 2026 12:02:00 GMT", 120)]
    [InlineData("86400", 600)]
    public async Task WhatItAsksToWait_IsWaited(string retryAfter, int seconds)
    {
        await using var rig = await WebhookRig.StartAsync();
        rig.Answers.Enqueue(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = retryAfter;
            return Task.CompletedTask;
        });
        rig.Fire("a");

        await rig.RoundAsync();

        Assert.Equal(WebhookRig.Start.AddSeconds(seconds), rig.State.NextAttempt);
        await rig.RoundAsync(seconds - 0.001);
        Assert.Single(rig.Received);
        await rig.RoundAsync(0.001);
        Assert.Equal(2, rig.Received.Count);
        Assert.Null(rig.State.LastFailure);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(301)]
    public async Task WhatItDoesNotWant_IsNotTriedAgain_ButSaid(int status)
    {
        await using var rig = await WebhookRig.StartAsync();
        rig.Answers.Enqueue(Status(status));
        rig.Fire("a");

        await rig.RoundAsync();
        await rig.RoundAsync(3600);

        Assert.Single(rig.Received);
        Assert.StartsWith($"it answered {status}", rig.State.LastFailure, StringComparison.Ordinal);
        Assert.EndsWith("not tried again", rig.State.LastFailure, StringComparison.Ordinal);
        Assert.Contains($"does not want 1 alert(s): it answered {status}", rig.Log, StringComparison.Ordinal);
        // What comes next is told all the same, and after a restart, perhaps with a better token, so is this.
        rig.Fire("b");
        await rig.RoundAsync();
        Assert.Equal("firing b", rig.Last);
        Assert.Null(rig.State.LastFailure);
        rig.Restart();
        await rig.RoundAsync();
        Assert.Equal("firing a", rig.Last);
    }

    [Fact]
    public async Task WhatBeganAndEndedWhileItCouldNotBeReached_IsToldOnce()
    {
        await using var rig = await WebhookRig.StartAsync();
        await rig.RoundAsync();
        rig.Answers.Enqueue(Status(500));
        rig.Fire("a");
        await rig.RoundAsync();
        rig.Resolve("a");

        await rig.RoundAsync(60);
        await rig.RoundAsync(60);

        Assert.Equal(["firing a", "resolved a"], rig.All);
    }

    [Fact]
    public async Task ItDoesNotAnswer_AndTheTimeIsOver()
    {
        await using var rig = await WebhookRig.StartAsync();
        var asked = new TaskCompletionSource();
        rig.Answers.Enqueue(async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        rig.Fire("a");

        var round = rig.RoundAsync();
        await asked.Task;
        rig.Time.Advance(TimeSpan.FromSeconds(10));
        await round;

        Assert.Equal("it did not answer within 10 s", rig.State.LastFailure);
    }

    [Fact]
    public async Task KilledBeforeItsConnectionWasUsed_ItIsToldOnceItIsBack()
    {
        await using var rig = await WebhookRig.StartAsync(handler: new KilledBeforeUse(times: 2));
        rig.Fire("a");

        await rig.RoundAsync();
        Assert.Equal(("it cannot be reached", 1), (rig.State.LastFailure, rig.State.Waiting));
        await rig.RoundAsync(60);
        Assert.Equal("it cannot be reached", rig.State.LastFailure);
        await rig.RoundAsync(60);

        Assert.Equal(["firing a"], rig.All);
        Assert.Equal((1, 0, (string?)null), (rig.State.Delivered, rig.State.Waiting, rig.State.LastFailure));
    }

    [Fact]
    public async Task NobodyListens_AndThatIsSaidWithoutSecrets()
    {
        await using var rig = await WebhookRig.StartAsync(url: new($"http://user:hush@127.0.0.1:{FreePort.Tcp()}/T0/hush?key=hush"));
        rig.Fire("a");

        await rig.RoundAsync();

        Assert.Equal("it cannot be reached", rig.State.LastFailure);
        Assert.StartsWith("http://127.0.0.1:", rig.State.Address, StringComparison.Ordinal);
        Assert.Contains("pager (http://127.0.0.1:", rig.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", rig.Log + rig.State, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSilencedAndTheMinor_AreNotTold_AndWhatIsSilencedLaterIsOver()
    {
        await using var rig = await WebhookRig.StartAsync(with: options => options with { MinimumSeverity = AlertSeverity.Critical });
        rig.Fire("minor");
        rig.Fire("a", AlertSeverity.Critical);
        rig.Fire("b", AlertSeverity.Critical);
        rig.Silence("b");
        await rig.RoundAsync();
        Assert.Equal(["firing a"], rig.All);

        rig.Silence("a");
        await rig.RoundAsync();

        Assert.Equal(["firing a", "resolved a"], rig.All);
    }

    [Fact]
    public async Task AfterARestart_NothingIsToldAsNew_AndWhatEndedMeanwhileIsToldToHaveEnded()
    {
        await using var rig = await WebhookRig.StartAsync();
        rig.Fire("a");
        rig.Fire("b");
        await rig.RoundAsync();
        Assert.Equal("firing a, firing b", rig.Last);
        // The next process sees both anew, and one of them no more.
        rig.Restart();
        rig.Time.Advance(TimeSpan.FromMinutes(2));
        rig.Drop("b");
        rig.Fire("a");

        await rig.RoundAsync();
        await rig.RoundAsync(WebhookLedger.Settle.TotalSeconds - 0.001);
        Assert.Single(rig.Received);
        await rig.RoundAsync(0.001);
        Assert.Equal("resolved b", rig.Last);

        // Its beginning is the one that was told.
        rig.Resolve("a");
        await rig.RoundAsync();
        Assert.Equal(WebhookRig.Start.AddSeconds(-15), rig.Received.Last().Body.GetProperty("alerts")[0].GetProperty("startsAt").GetDateTimeOffset());
        Assert.Empty(await rig.Store.ReadAsync("pager", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task OfSeveralConsoles_OneTells_AndTheOtherGoesOnWhereItWas()
    {
        var store = new NoticeMemory();
        await using var first = await WebhookRig.StartAsync(store: store);
        await using var second = await WebhookRig.StartAsync(store: store);
        second.IsMine = false;
        foreach (var rig in new[] { first, second })
        {
            rig.Fire("a");
            await rig.RoundAsync();
        }

        Assert.Equal((1, 0), (first.Received.Count, second.Received.Count));
        Assert.Equal((true, false), (first.State.IsOurs, second.State.IsOurs));
        (first.IsMine, second.IsMine) = (false, true);
        foreach (var rig in new[] { first, second })
        {
            rig.Resolve("a");
            await rig.RoundAsync();
        }

        Assert.Equal((1, "resolved a"), (first.Received.Count, second.Last));
    }

    [Fact]
    public async Task WhileTheStoreIsAway_ItIsToldAllTheSame_AndNotedLater()
    {
        await using var rig = await WebhookRig.StartAsync();
        rig.Store.IsAway = true;
        rig.Fire("a");
        await rig.RoundAsync();
        Assert.Equal(["firing a"], rig.All);
        rig.Store.IsAway = false;

        await rig.RoundAsync();

        Assert.Equal([rig.Id("a")], (await rig.Store.ReadAsync("pager", TestContext.Current.CancellationToken)).Select(notice => notice.Fingerprint));
    }

    [Fact]
    public async Task Many_AreToldInBatches()
    {
        await using var rig = await WebhookRig.StartAsync();
        for (var number = 0; number < WebhookLedger.Batch + 5; number++)
            rig.Fire(number.ToString(CultureInfo.InvariantCulture));

        await rig.RoundAsync();

        Assert.Equal([WebhookLedger.Batch, 5], rig.Received.Select(request => request.Body.GetProperty("alerts").GetArrayLength()));
    }

    [Fact]
    public async Task Alertmanager_IsToldAgainWhileItFires_AndNotedOnce()
    {
        await using var rig = await WebhookRig.StartAsync(WebhookFormat.Alertmanager);
        rig.Fire("a");
        await rig.RoundAsync();
        await rig.RoundAsync(59.999);
        Assert.Single(rig.Received);
        await rig.RoundAsync(0.001);
        Assert.Equal((2, 1), (rig.Received.Count, rig.Store.Writes));

        var alert = Assert.Single(rig.Received.Last().Body.EnumerateArray());
        Assert.Equal("""{"alertname":"InstanceUnhealthy","instance":"a","node":"n1","service":"orders","severity":"warning","target":"orders/a"}""", alert.GetProperty("labels").GetRawText());
        Assert.Equal("""{"description":"Refused; 3 in a row.","summary":"a of orders is unhealthy"}""", alert.GetProperty("annotations").GetRawText());
        Assert.Equal((WebhookRig.Start.AddSeconds(-15), WebhookRig.Start.AddMinutes(1 + 4)), (alert.GetProperty("startsAt").GetDateTimeOffset(), alert.GetProperty("endsAt").GetDateTimeOffset()));
        Assert.Equal("https://mesh.example/services/orders?instance=a", alert.GetProperty("generatorURL").GetString());
        rig.Resolve("a");
        await rig.RoundAsync();
        await rig.RoundAsync(600);
        Assert.Equal(3, rig.Received.Count);
        Assert.Equal(WebhookRig.Start.AddMinutes(1), rig.Received.Last().Body[0].GetProperty("endsAt").GetDateTimeOffset());
    }

    private static Func<HttpContext, Task> Status(int status) => context =>
    {
        context.Response.StatusCode = status;
        if (status == 301)
            context.Response.Headers.Location = "http://127.0.0.1/elsewhere";
        return Task.CompletedTask;
    };
}
