using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Dashboard.Tests.Support;

/// <summary>
/// Postgres is stopped, a node dies under load while it is away, Postgres returns. Whoever follows the registry is asked what it knows: both gateways by what they send where, DNS, the
/// agent check, a blocking query and the watch stream.
/// </summary>
/// <param name="away">How long Postgres stays away after the node has left every data plane.</param>
/// <param name="check">The check of the service whose node dies, as JSON.</param>
/// <param name="print">Takes the figures.</param>
internal sealed class PostgresOutage(TimeSpan away, string check, int ttlInstances, double ttlSeconds, Action<string> print)
{
    // Guards the counts.
    private readonly Lock _gate = new();

    private const string Service = "orders";
    private const string Beating = "workers";
    private const string Gateway = "gateway-a1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    // On the node that dies: one whose process is gone, and one that still takes requests, which no health check finds well.
    private static readonly string[] Dead = ["o-0", "o-2"];
    private static readonly string[] Alive = ["o-1", "o-3", "o-4"];

    /// <summary>Heartbeats that were answered otherwise than with 204.</summary>
    public int RefusedHeartbeats { get; private set; }

    /// <summary>The longest time between two heartbeats of one instance that were answered: below the lease, each has kept its own.</summary>
    public TimeSpan LongestGap { get; private set; }

    /// <summary>The fewest instances with heartbeats that the watch stream told of since all were there.</summary>
    public int FewestBeating { get; private set; } = int.MaxValue;

    public long Requests { get; private set; }

    public long Failed { get; private set; }

    /// <summary>From the node's death to when the last instance of it was out of a data plane, by data plane.</summary>
    public Dictionary<string, TimeSpan> LeftAfter { get; } = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var postgres = await PostgresServer.StartPrivateAsync();
        var (dns, agent) = (FreePort.Tcp(), FreePort.Tcp());
        await using var console = await ConsoleProcess.StartAsync(
            [$"--ConnectionStrings:Registry={postgres.ConnectionString}", $"--Dns:Endpoint=127.0.0.1:{dns}", $"--Agent:Endpoint=127.0.0.1:{agent}"], cancellationToken);
        await using var gateway = await ConsoleProcess.StartAsync(["--role=gateway", $"--Console:Url={console.Url}", $"--Console:Token={ConsoleProcess.Token}", $"--Gateway:Id={Gateway}"], cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var backends = new List<DyingBackend>();
        var background = new List<Task>();
        try
        {
            await RegisterAsync(console, backends, cancellationToken);
            var watch = new WatchedServices();
            var blocking = new WatchedServices();
            background.Add(WatchAsync(console, watch, ending.Token));
            background.Add(BlockAsync(console, blocking, ending.Token));
            background.Add(BeatAsync(console, ending.Token));
            Dictionary<string, Func<Task<string[]>>> planes = new()
            {
                ["embedded gateway"] = () => ThroughAsync(console.GatewayUrl, backends, cancellationToken),
                ["gateway of its own"] = () => ThroughAsync(gateway.GatewayUrl, backends, cancellationToken),
                ["DNS"] = () => Task.FromResult(AskedPlanes.Dns(dns, Service, port => backends.Find(backend => backend.Port == port)?.Id, TimeSpan.FromSeconds(2))),
                ["agent check"] = () => AskedPlanes.AgentAsync(agent, Service, Dead.Concat(Alive), cancellationToken),
                ["blocking query"] = () => Task.FromResult(blocking.Of(Service)),
                ["watch stream"] = () => Task.FromResult(watch.Of(Service)),
            };
            await EveryoneSaysAsync(planes, [.. Dead.Concat(Alive).Order(StringComparer.Ordinal)], "knows all instances", null, cancellationToken);
            await Eventually.TrueAsync(async () => (await ServingAsync(console, Beating, cancellationToken)).Length == ttlInstances, Patience, () => "all that send heartbeats serve", cancellationToken);
            await Eventually.TrueAsync(() => watch.Of(Beating).Length == ttlInstances, Patience, "the watch stream tells of all that send heartbeats", cancellationToken);
            background.AddRange(Load(console.GatewayUrl, ending.Token));
            background.AddRange(Load(gateway.GatewayUrl, ending.Token));

            watch.CountFrom(Beating);
            await postgres.StopAsync();
            var stopped = Stopwatch.GetTimestamp();
            await Eventually.TrueAsync(async () => (await HealthAsync(console, cancellationToken)).GetProperty("status").GetString() == "degraded", Patience, () => "the console knows that Postgres is away", cancellationToken);
            await Task.WhenAll(backends.Where(backend => Dead.Contains(backend.Id)).Select(backend => backend.DieAsync(gone: backend.Id == Dead[0])));
            var died = Stopwatch.GetTimestamp();
            await EveryoneSaysAsync(planes, Alive, "has left the dead node", plane => LeftAfter[plane] = Stopwatch.GetElapsedTime(died), cancellationToken);
            foreach (var (plane, took) in LeftAfter)
            {
                print(string.Create(CultureInfo.InvariantCulture, $"{plane}: the dead node is out {took.TotalSeconds:0.00} s after its death"));
            }

            await Task.Delay(away, TimeProvider.System, cancellationToken);
            await EveryoneSaysAsync(planes, Alive, "goes on without the dead node", null, cancellationToken);
            await postgres.StartAsync();
            var back = Stopwatch.GetTimestamp();
            print(string.Create(CultureInfo.InvariantCulture, $"Postgres was away for {Stopwatch.GetElapsedTime(stopped, back).TotalSeconds:0.0} s"));
            // The verdicts of the time without Postgres become durable, and each lease that ran meanwhile may run once more.
            await Eventually.TrueAsync(async () => (await HealthAsync(console, cancellationToken)).GetProperty("status").GetString() == "ready", Patience, () => "writes work again", cancellationToken);
            print(string.Create(CultureInfo.InvariantCulture, $"writes worked {Stopwatch.GetElapsedTime(back).TotalSeconds:0.00} s after its return"));
            await Task.Delay(TimeSpan.FromSeconds(ttlSeconds * 1.5), TimeProvider.System, cancellationToken);
            await EveryoneSaysAsync(planes, Alive, "says the same after Postgres' return", null, cancellationToken);
            await NobodyIsLostAsync(console, cancellationToken);
            FewestBeating = watch.Fewest;
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(background);
            foreach (var backend in backends)
            {
                await backend.DisposeAsync();
            }
        }

        print(string.Create(CultureInfo.InvariantCulture, $"{Requests} requests through both gateways, {Failed} failed; {RefusedHeartbeats} heartbeats refused; at least {FewestBeating} of {ttlInstances} with heartbeats served (lease {ttlSeconds:0} s, heartbeats at most {LongestGap.TotalSeconds:0.0} s apart)"));
    }

    private static async Task EveryoneSaysAsync(Dictionary<string, Func<Task<string[]>>> planes, string[] expected, string expectation, Action<string>? then, CancellationToken cancellationToken)
    {
        var open = planes.Keys.ToHashSet();
        var last = new Dictionary<string, string>();
        await Eventually.TrueAsync(
            async () =>
            {
                foreach (var plane in open.ToArray())
                {
                    var says = await planes[plane]();
                    last[plane] = string.Join(' ', says);
                    if (says.SequenceEqual(expected))
                    {
                        open.Remove(plane);
                        then?.Invoke(plane);
                    }
                }

                return open.Count == 0;
            },
            Patience,
            () => $"each data plane {expectation}; not so: {string.Join("; ", open.Select(plane => $"{plane}: {last[plane]}"))}",
            cancellationToken);
    }

    private static async Task<string[]> ThroughAsync(Uri gateway, List<DyingBackend> backends, CancellationToken cancellationToken)
    {
        // What a gateway knows shows in where it sends: what arrives carries a mark of this round.
        var round = Guid.NewGuid().ToString("N");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = gateway, Timeout = TimeSpan.FromSeconds(60) };
        for (var i = 0; i < 12; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/{round}") { Headers = { Host = $"{Service}.localhost" } };
            using var answer = await client.SendAsync(request, cancellationToken);
            // A gateway that has heard of nobody yet says so.
            if (!answer.IsSuccessStatusCode)
                return [$"{(int)answer.StatusCode}"];
        }

        return [.. backends.Where(backend => backend.Saw(round)).Select(backend => backend.Id).Order(StringComparer.Ordinal)];
    }

    private static async Task WatchAsync(ConsoleProcess console, WatchedServices known, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await console.Client.GetAsync("/api/v1/watch", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await foreach (var item in SseParser.Create(await answer.Content.ReadAsStreamAsync(cancellationToken)).EnumerateAsync(cancellationToken))
            {
                var data = JsonDocument.Parse(item.Data).RootElement;
                foreach (var set in data.GetProperty(item.EventType == "snapshot" ? "services" : "changed").EnumerateArray())
                {
                    known.Take(set);
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or HttpRequestException or SocketException or IOException)
        {
            // What it knew last stays.
        }
    }

    private static async Task BlockAsync(ConsoleProcess console, WatchedServices known, CancellationToken cancellationToken)
    {
        try
        {
            var index = "";
            while (true)
            {
                using var answer = await console.Client.GetAsync($"/api/v1/services/{Service}/endpoints{index}", cancellationToken);
                known.Take(await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken));
                index = $"?wait=5m&index={answer.Headers.GetValues("X-Registry-Index").Single()}";
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or HttpRequestException or SocketException)
        {
            // What it knew last stays.
        }
    }

    private static async Task<JsonElement> HealthAsync(ConsoleProcess console, CancellationToken cancellationToken) => await console.Client.GetFromJsonAsync<JsonElement>("/health/ready", cancellationToken);

    private static async Task<string[]> ServingAsync(ConsoleProcess console, string service, CancellationToken cancellationToken) =>
        [.. (await console.Client.GetFromJsonAsync<JsonElement>($"/api/v1/services/{service}/endpoints", cancellationToken)).GetProperty("endpoints").EnumerateArray().Select(endpoint => endpoint.GetProperty("id").GetString()!)];

    private static async Task PutAsync(ConsoleProcess console, string path, string json, CancellationToken cancellationToken)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await console.Client.PutAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"PUT {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }

    private async Task RegisterAsync(ConsoleProcess console, List<DyingBackend> backends, CancellationToken cancellationToken)
    {
        // A panic would keep the dead in.
        await PutAsync(console, $"/api/v1/services/{Service}", $$"""{"policy":"roundRobin","panicThreshold":0,"check":{{check}}}""", cancellationToken);
        await PutAsync(console, $"/api/v1/services/{Beating}", """{"check":{"kind":"ttl"}}""", cancellationToken);
        foreach (var id in Dead.Concat(Alive).Order(StringComparer.Ordinal))
        {
            var backend = await DyingBackend.StartAsync(id);
            backends.Add(backend);
            await PutAsync(console, $"/api/v1/services/{Service}/instances/{id}", $$"""{"address":"127.0.0.1","port":{{backend.Port}},"node":"{{(Dead.Contains(id) ? "n-dead" : "n-alive")}}"}""", cancellationToken);
        }

        for (var i = 0; i < ttlInstances; i++)
        {
            await PutAsync(console, $"/api/v1/services/{Beating}/instances/w-{i}", string.Create(CultureInfo.InvariantCulture, $$"""{"address":"10.9.8.7","port":{{1000 + i}},"ttlSeconds":{{ttlSeconds}}}"""), cancellationToken);
        }
    }

    private async Task BeatAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        try
        {
            var last = new long[ttlInstances];
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(ttlSeconds / 4), TimeProvider.System);
            do
            {
                for (var i = 0; i < ttlInstances; i++)
                {
                    using var answer = await console.Client.PostAsync($"/api/v1/services/{Beating}/instances/w-{i}/heartbeat", null, cancellationToken);
                    RefusedHeartbeats += answer.StatusCode == HttpStatusCode.NoContent ? 0 : 1;
                    var gap = last[i] == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(last[i]);
                    LongestGap = gap > LongestGap ? gap : LongestGap;
                    last[i] = Stopwatch.GetTimestamp();
                }
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The scenario is over.
        }
    }

    private IEnumerable<Task> Load(Uri gateway, CancellationToken cancellationToken) => Enumerable.Range(0, 4).Select(_ => Task.Run(
        async () =>
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = gateway, Timeout = TimeSpan.FromSeconds(60) };
            while (!cancellationToken.IsCancellationRequested)
            {
                var ok = false;
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = $"{Service}.localhost" } };
                    using var answer = await client.SendAsync(request, CancellationToken.None);
                    ok = answer.IsSuccessStatusCode;
                    await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
                }
                catch (Exception failed) when (failed is HttpRequestException or SocketException or OperationCanceledException)
                {
                    // Counted below.
                }

                lock (_gate)
                {
                    Requests++;
                    Failed += ok ? 0 : 1;
                }
            }
        },
        CancellationToken.None));

    private async Task NobodyIsLostAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        await Eventually.TrueAsync(async () => (await ServingAsync(console, Beating, cancellationToken)).Length == ttlInstances, Patience, () => "all that send heartbeats serve", cancellationToken);
        var orders = await console.Client.GetFromJsonAsync<JsonElement>($"/api/v1/services/{Service}", cancellationToken);
        // The dead are out of the serving set, and in the registry.
        Assert.Equal(Dead.Length + Alive.Length, orders.GetProperty("total").GetInt32());
    }
}
