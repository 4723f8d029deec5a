using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>Two real consoles on one Postgres, until one of them is killed.</summary>
[Collection(WaitingPrograms.Name)]
public sealed class TwoConsolesTests(PostgresServer postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(8);

    // The longest time that an instance was not heard of, as the test saw it.
    private TimeSpan _longestSilence;

    [Fact]
    public async Task A_drain_begun_on_one_console_and_seen_by_the_other_is_finished_there_after_kill_9()
    {
        var database = await postgres.CreateDatabaseAsync();
        string[] arguments = [$"--ConnectionStrings:Registry={database}", "--Replica:LeaseSeconds=3"];
        var starting = new[] { ConsoleProcess.StartAsync(arguments, Cancelled), ConsoleProcess.StartAsync(arguments, Cancelled) };
        await using var a = await starting[0];
        await using var b = await starting[1];
        await using var edge = EdgeFollower.Follow(b, "edge");
        await UntilAsync(async () => await OwnersAsync(database) is [32, 32], "each console holds half of the health checks", a, b);

        // Registered at either console; beating at b alone, whoever owns them.
        await PutAsync(a, "pulse", null, new { check = new { kind = "ttl" } });
        for (var number = 0; number < 16; number++)
            await PutAsync(number % 2 == 0 ? a : b, "pulse", $"pulse-{number}", new { address = "127.0.0.1", port = 7000 + number, ttlSeconds = Ttl.TotalSeconds });
        await PutAsync(b, "orders", null, new { check = new { kind = "none" } });
        foreach (var number in new[] { 1, 2, 3 })
            await PutAsync(number == 2 ? a : b, "orders", $"orders-{number}", new { address = "127.0.0.1", port = 8000 + number });
        using var stopBeating = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var beats = 0;
        var last = TimeProvider.System.GetTimestamp();
        var beating = BeatAsync(b, () =>
        {
            beats++;
            var silence = TimeProvider.System.GetElapsedTime(last);
            _longestSilence = silence > _longestSilence ? silence : _longestSilence;
            last = TimeProvider.System.GetTimestamp();
        }, stopBeating.Token);
        await SameAsync(a, b);
        await SessionOfOneIsValidAtTheOtherAsync(a, b);

        edge.InFlight = ("orders", "orders-1", 4);
        await UntilAsync(async () => (await SubscribersAsync(a)).Contains("edge"), "a knows b's follower", a, b);
        var operation = (await ReadAsync(await a.Client.PostAsJsonAsync("/api/v1/services/orders/instances/orders-1/drain", new { reason = "kernel", deadlineSeconds = 600 }, Cancelled))).GetProperty("id").GetInt64();

        // Seen at b alone: both say so, with the same stages, and neither calls it drained.
        foreach (var console in new[] { a, b })
            await UntilAsync(async () => Draining(await OperationAsync(console, operation)) is ({ } known, 4) && known, "it is known that 4 are in flight", a, b);
        await UntilAsync(async () => Stages(await OperationAsync(a, operation)) == Stages(await OperationAsync(b, operation)), "both show the same stages", a, b);

        // Silent: what it has in flight is unknown, at both, for longer than it takes to be called drained.
        edge.Speaks = false;
        edge.InFlight = ("", "", 0);
        foreach (var console in new[] { a, b })
            await UntilAsync(async () => Draining(await OperationAsync(console, operation)) is (false, _), "it is unknown what is in flight", a, b);

        // Longer than a ttl: what beats at b alone lives also where a looks at it.
        await UntilAsync(() => Task.FromResult(Volatile.Read(ref beats) >= 24), "12 s of heartbeats", a, b);
        await NobodyIsLostAsync(database);
        var killed = Stopwatch.GetTimestamp();
        await a.KillAsync(Cancelled);
        edge.Speaks = true;
        await UntilAsync(async () => await OwnersAsync(database) is [64], "b holds all of the health checks", b);
        TestContext.Current.TestOutputHelper?.WriteLine("a killed console's share was taken over after {0:0.0} s, the lease being 3 s", Stopwatch.GetElapsedTime(killed).TotalSeconds);

        // a's own gateway died with it: what it has in flight nobody knows, until an operator says that it will not come back.
        await UntilAsync(async () => (await OperationAsync(b, operation)).GetProperty("drain").ToString().Contains($"gateway@{Environment.MachineName}:{a.Ports.Gateway} is silent", StringComparison.Ordinal), "a's gateway is silent", b);
        Assert.True((await OperationAsync(b, operation)).GetProperty("open").GetBoolean());
        using (var forget = new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/subscribers/{Uri.EscapeDataString($"gateway@{Environment.MachineName}:{a.Ports.Gateway}")}") { Content = JsonContent.Create(new { reason = "killed" }) })
        using (var forgotten = await b.Client.SendAsync(forget, Cancelled))
            Assert.True(forgotten.IsSuccessStatusCode, await forgotten.Content.ReadAsStringAsync(Cancelled));
        await UntilAsync(async () => !(await OperationAsync(b, operation)).GetProperty("open").GetBoolean(), "b finishes the drain", b);
        Assert.Equal("completed", (await OperationAsync(b, operation)).GetProperty("outcome").GetString());

        await stopBeating.CancelAsync();
        await beating;
        await NobodyIsLostAsync(database);
    }

    private static async Task SameAsync(ConsoleProcess a, ConsoleProcess b)
    {
        await UntilAsync(
            async () =>
            {
                var (one, other) = (await AuditAsync(a), await AuditAsync(b));
                return one == other && one.Contains("pulse-15", StringComparison.Ordinal);
            },
            "both tell the same changes in the same order", a, b);
        await UntilAsync(
            async () => await a.Client.GetStringAsync("/api/v1/services/orders/endpoints", Cancelled) is var one && one.Contains("orders-3", StringComparison.Ordinal)
                && one == await b.Client.GetStringAsync("/api/v1/services/orders/endpoints", Cancelled),
            "both serve the same", a, b);
    }

    private static async Task SessionOfOneIsValidAtTheOtherAsync(ConsoleProcess a, ConsoleProcess b)
    {
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        using var form = new FormUrlEncodedContent([new("token", ConsoleProcess.Token), new("returnUrl", "/")]);
        using var signedIn = await browser.PostAsync(new Uri(a.Url, "/sign-in"), form, Cancelled);
        var cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie")).Split(';')[0];

        using var page = new HttpRequestMessage(HttpMethod.Get, new Uri(b.Url, "/api/v1/services")) { Headers = { { "Cookie", cookie } } };
        using var answer = await browser.SendAsync(page, Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    // A machine that stood still for half a lease may cost an instance its own.
    private async Task NobodyIsLostAsync(string database)
    {
        var lost = await QueryAsync(database, "select count(*) from change where action = 'instance.health' and after::text like '%nhealthy%'");
        Assert.True(lost is 0L || _longestSilence > Ttl / 2, $"{lost} were lost, with heartbeats every {_longestSilence.TotalSeconds:0.0} s at most");
    }

    private static async Task BeatAsync(ConsoleProcess console, Action beaten, CancellationToken cancellationToken)
    {
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                for (var number = 0; number < 16; number++)
                {
                    using var answer = await console.Client.PostAsJsonAsync($"/api/v1/services/pulse/instances/pulse-{number}/heartbeat", new { status = "passing" }, cancellationToken);
                    Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
                }

                beaten();
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }
    }

    private static async Task PutAsync(ConsoleProcess console, string service, string? instance, object body)
    {
        using var answer = await console.Client.PutAsJsonAsync($"/api/v1/services/{service}{(instance is null ? "" : $"/instances/{instance}")}", body, Cancelled);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private static async Task<long[]> OwnersAsync(string database) =>
        (long[]?)await QueryAsync(database, "select array_agg(held) from (select count(*) as held from health_lease where until > now() group by owner) as owners") ?? [];

    private static async Task<string> AuditAsync(ConsoleProcess console) =>
        string.Join('\n', (await ReadAsync(await console.Client.GetAsync("/api/v1/audit?limit=1000&action=instance.register", Cancelled))).GetProperty("changes").EnumerateArray().Select(change => change.ToString()));

    private static async Task<string> SubscribersAsync(ConsoleProcess console) => await console.Client.GetStringAsync("/api/v1/subscribers", Cancelled);

    private static async Task<JsonElement> OperationAsync(ConsoleProcess console, long id) => await ReadAsync(await console.Client.GetAsync($"/api/v1/operations/{id}", Cancelled));

    private static (bool? Known, long Requests) Draining(JsonElement operation) =>
        operation.GetProperty("drain") is { ValueKind: JsonValueKind.Object } drain && drain.GetProperty("instances")[0] is var instance
            ? (instance.GetProperty("known").GetBoolean(), instance.GetProperty("requests").GetInt64())
            : (null, 0);

    private static string Stages(JsonElement operation) =>
        string.Join('\n', operation.GetProperty("stages").EnumerateArray().Select(stage => $"{stage.GetProperty("stage")} {stage.GetProperty("state")} {stage.GetProperty("text")}"));

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync(Cancelled);
            Assert.True(answer.IsSuccessStatusCode, text);
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
    }

    private static Task UntilAsync(Func<Task<bool>> condition, string what, params ConsoleProcess[] consoles) =>
        Eventually.TrueAsync(condition, Patience, () => $"{what}; the consoles said:\n{string.Join("\n---\n", consoles.Select(console => console.Output))}", Cancelled);
}
