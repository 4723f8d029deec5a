using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Web.Replicas.ThreeConsoles;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>The network between consoles, and between a console and Postgres, fails: what is not heard is unknown, nothing is drained before it is known, and all is as before once it heals.</summary>
[Collection(ThreeConsolesCollection.Name)]
public sealed class CutOffTests(ThreeConsoles three, ITestOutputHelper output)
{
    // Longer than the ten seconds of known silence after which a drain is finished.
    private static readonly TimeSpan LongerThanIdle = TimeSpan.FromSeconds(13);

    [Fact]
    public async Task What_is_not_heard_is_unknown_and_nothing_is_drained_before_it_is_known()
    {
        var (a, b, c) = (three.All[0], three.All[1], three.All[Third]);
        await three.TogetherAsync();
        await PutAsync(a, "cut", new { check = new { kind = "none" } }, [.. Enumerable.Range(1, 5).Select(number => ($"cut-{number}", (object)new { address = "10.1.0.5", port = number }))]);
        await using var edge = EdgeFollower.Follow(c, "cut-edge");
        edge.InFlight = ("cut", "cut-1", 4);
        foreach (var console in new[] { a, b })
            await three.UntilAsync(async () => (await ReadAsync(console, "/api/v1/subscribers")).ToString().Contains("cut-edge", StringComparison.Ordinal), "the third's follower is known to all");
        var first = await DrainAsync(a, "cut-1");
        foreach (var console in three.All)
            await three.UntilAsync(async () => await SeenAsync(console, first) is { Known: true, Requests: 4 }, "it is known that 4 are in flight");

        // Nothing breaks, but nothing arrives: the third goes silent for both others. It hears them, so it alone knows.
        three.LineTo(Third).Stall();
        foreach (var console in new[] { a, b })
            await three.UntilAsync(async () => await SeenAsync(console, first) is { Known: false }, "who does not hear the third does not know");
        await three.UntilAsync(async () => await SeenAsync(c, first) is { Known: true, Requests: 4 }, "the third knows, since it hears the others");
        three.LineTo(Third).Mend();
        foreach (var console in new[] { a, b })
            await three.UntilAsync(async () => await SeenAsync(console, first) is { Known: true, Requests: 4 }, "it is known again");

        // The third loses Postgres, but is heard: its data planes cannot learn of a drain, and say so.
        three.ThirdsWayToPostgres.Block();
        await three.UntilAsync(async () => (await ReadAsync(c, "/health/ready")).GetProperty("status").GetString() == "degraded", "the third knows that Postgres is away");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(c, HttpMethod.Put, "/api/v1/services/cut/instances/cut-6", new { address = "10.1.0.5", port = 6 })).Status);
        await PutAsync(b, "cut", null, ("cut-7", new { address = "10.1.0.5", port = 7 }));
        var second = await DrainAsync(a, "cut-2");
        await three.UntilAsync(async () => await SeenAsync(b, second) is { Known: false }, "whether the third's data planes still send is unknown");

        // And nobody hears anybody. What was in flight ends, and is told to one that cannot pass it on.
        for (var console = 0; console < 3; console++)
            three.LineTo(console).Cut();
        foreach (var console in three.All)
            await three.UntilAsync(async () => await SeenAsync(console, first) is { Known: false }, "nobody knows");
        edge.InFlight = ("", "", 0);
        var until = TimeProvider.System.GetTimestamp() + (long)(LongerThanIdle.TotalSeconds * TimeProvider.System.TimestampFrequency);
        var looks = 0;
        while (TimeProvider.System.GetTimestamp() < until)
        {
            foreach (var console in three.All)
                Assert.True(await SeenAsync(console, first) is { Known: false, Open: true });
            foreach (var console in new[] { a, b })
                Assert.True(await SeenAsync(console, second) is { Known: false, Open: true });
            looks++;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.DoesNotContain("cut-7", await ServingAsync(c, "cut"), StringComparison.Ordinal);
        var healed = TimeProvider.System.GetTimestamp();
        three.ThirdsWayToPostgres.Unblock();
        for (var console = 0; console < 3; console++)
            three.LineTo(console).Mend();
        foreach (var operation in new[] { first, second })
        {
            foreach (var console in three.All)
                await three.UntilAsync(async () => await SeenAsync(console, operation) is { Open: false }, "both drains are finished, and all know");
        }

        var took = TimeProvider.System.GetElapsedTime(healed);
        foreach (var console in three.All)
            await three.UntilAsync(async () => await ServingAsync(console, "cut") == "cut-3=100 cut-4=100 cut-5=100 cut-7=100", "all serve the same");
        foreach (var number in new[] { 1, 2 })
        {
            var completed = (await ReadAsync(a, $"/api/v1/audit?service=cut&instance=cut-{number}&action=drain.complete")).GetProperty("changes");
            Assert.Equal(1, completed.GetArrayLength());
        }

        await three.TogetherAsync();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{looks} looks at each in {LongerThanIdle.TotalSeconds:0} s without any line: unknown and open every time; both drains were finished {took.TotalSeconds:0.0} s after the network healed, once each"));
    }

    private static async Task<long> DrainAsync(ConsoleProcess console, string instance) =>
        (await SendAsync(console, HttpMethod.Post, $"/api/v1/services/cut/instances/{instance}/drain", new { reason = "cut", deadlineSeconds = 3600 })).GetProperty("id").GetInt64();

    private static async Task<Seen> SeenAsync(ConsoleProcess console, long id)
    {
        using var answer = await console.Client.GetAsync(new Uri($"/api/v1/operations/{id}", UriKind.Relative), TestContext.Current.CancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return new(false, false, 0);
        var operation = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        var instance = operation.GetProperty("drain") is { ValueKind: JsonValueKind.Object } drain ? drain.GetProperty("instances")[0] : default;
        return instance.ValueKind == JsonValueKind.Object
            ? new(operation.GetProperty("open").GetBoolean(), instance.GetProperty("known").GetBoolean(), instance.GetProperty("requests").GetInt64())
            : new(operation.GetProperty("open").GetBoolean(), false, 0);
    }

    /// <summary>What a console says of a drain.</summary>
    private sealed record Seen(bool Open, bool Known, long Requests);
}
