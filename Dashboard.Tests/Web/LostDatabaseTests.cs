using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text.Json;
using Dashboard.Core.Postgres;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Web;

/// <summary>
/// The database is emptied, and restored, under a running mesh: whatever follows the real console keeps what it had until an operator confirms, also over the console's death, and converges then.
/// </summary>
public sealed class LostDatabaseTests(PostgresServer postgres, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly string[] Orders = ["o-1", "o-2"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_is_emptied_before_an_operator_confirms_and_then_all_converge()
    {
        var database = await postgres.CreateDatabaseAsync();
        var (dns, agent, ports) = (FreePort.Tcp(), FreePort.Tcp(), ConsolePorts.Free());
        var directory = Directory.CreateTempSubdirectory("dashboard-lost-").FullName;
        string[] arguments = [$"--ConnectionStrings:Registry={database}", $"--Dns:Endpoint=127.0.0.1:{dns}", $"--Agent:Endpoint=127.0.0.1:{agent}"];
        await using var one = await Backend.StartAsync("o-1");
        await using var two = await Backend.StartAsync("o-2");
        await using var cart = await Backend.StartAsync("c-1");
        var console = await ConsoleProcess.StartAsync(arguments, Cancelled, directory, ports);
        await using var gateway = await ConsoleProcess.StartAsync(["--role=gateway", $"--Console:Url={console.Url}", $"--Console:Token={ConsoleProcess.Token}"], Cancelled);
        await using var watch = new WatchedMesh(console.Url);
        try
        {
            var planes = new Planes(console, gateway, watch, dns, agent, new() { [one.Port] = "o-1", [two.Port] = "o-2", [cart.Port] = "c-1" });
            await PutAsync(console, "orders", "o-1", one.Port);
            await PutAsync(console, "orders", "o-2", two.Port);
            await planes.AllSayAsync("orders", Orders);
            var kept = await BackUpAsync(database);
            var before = await RegistryAsync(console);

            // An empty registry in the place of what was there, under the running console.
            await RestoreAsync(database, await BackUpAsync(await postgres.CreateDatabaseAsync()));
            await Eventually.TrueAsync(async () => (await RegistryAsync(console)).GetProperty("withheld").ValueKind == JsonValueKind.Object, Patience, () => $"the empty registry is withheld; the console said:\n{console.Output}", Cancelled);
            var lost = await RegistryAsync(console);
            Assert.NotEqual(before.GetProperty("generation").GetGuid(), lost.GetProperty("generation").GetGuid());
            Assert.Equal(0, lost.GetProperty("instances").GetInt32());
            await planes.AllSayAsync("orders", Orders);
            // What registers again is not half told.
            await PutAsync(console, "cart", "c-1", cart.Port);
            await planes.AllSayAsync("orders", Orders);
            await planes.NobodySaysAsync("cart");

            // Nor does the console's death make them forget: those of its own process have it on disk.
            await console.KillAsync(Cancelled);
            Assert.Equal(Orders, await Planes.ThroughAsync(gateway.GatewayUrl, "orders"));
            await console.DisposeAsync();
            console = planes.Console = await ConsoleProcess.StartAsync(arguments, Cancelled, directory, ports);
            await planes.AllSayAsync("orders", Orders);
            await planes.NobodySaysAsync("cart");
            Assert.Equal(JsonValueKind.Object, (await RegistryAsync(console)).GetProperty("withheld").ValueKind);

            var confirmed = TimeProvider.System.GetTimestamp();
            using (var answer = await console.Client.PostAsJsonAsync("/api/v1/registry/confirm", new { generation = lost.GetProperty("generation").GetGuid(), reason = "the old one is gone" }, Cancelled))
                Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
            await planes.AllSayAsync("cart", ["c-1"]);
            await planes.AllSayAsync("orders", []);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{planes.Count} kinds of followers kept what they had over an emptied database and kill -9 of the console, and converged {TimeProvider.System.GetElapsedTime(confirmed).TotalSeconds:0.00} s after the confirmation"));

            // A backup that holds something is nobody's loss: it is told at once, under a generation of its own.
            var restored = TimeProvider.System.GetTimestamp();
            await RestoreAsync(database, kept);
            await planes.AllSayAsync("orders", Orders);
            await planes.AllSayAsync("cart", []);
            var after = await RegistryAsync(console);
            Assert.Equal(JsonValueKind.Null, after.GetProperty("withheld").ValueKind);
            Assert.DoesNotContain(after.GetProperty("generation").GetGuid(), new[] { before.GetProperty("generation").GetGuid(), lost.GetProperty("generation").GetGuid() });
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a restored backup was with all of them {TimeProvider.System.GetElapsedTime(restored).TotalSeconds:0.00} s after the restore began"));
        }
        finally
        {
            await console.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task PutAsync(ConsoleProcess console, string service, string instance, int port)
    {
        using var settings = await console.Client.PutAsJsonAsync($"/api/v1/services/{service}", new { policy = "roundRobin", check = new { kind = "none" } }, Cancelled);
        using var answer = await console.Client.PutAsJsonAsync($"/api/v1/services/{service}/instances/{instance}", new { address = "127.0.0.1", port }, Cancelled);
        Assert.True(settings.IsSuccessStatusCode && answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private static async Task<JsonElement> RegistryAsync(ConsoleProcess console) => await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/registry", Cancelled);

    private static async Task<byte[]> BackUpAsync(string database)
    {
        using var file = new MemoryStream();
        await RegistryBackup.WriteAsync(database, file, Cancelled);
        return file.ToArray();
    }

    private static async Task RestoreAsync(string database, byte[] backup)
    {
        using var file = new MemoryStream(backup);
        await RegistryRestore.ReadAsync(database, file, replace: true, NullLogger.Instance, Cancelled);
    }

    /// <summary>Every kind of follower, asked who serves.</summary>
    private sealed class Planes
    {
        private readonly Dictionary<string, Func<string, Task<string[]>>> _ask;

        public Planes(ConsoleProcess console, ConsoleProcess gateway, WatchedMesh watch, int dns, int agent, Dictionary<int, string> ids)
        {
            Console = console;
            _ask = new()
            {
                ["endpoints"] = EndpointsAsync,
                ["DNS"] = service => Task.FromResult(AskedPlanes.Dns(dns, service, port => ids.GetValueOrDefault(port), TimeSpan.FromSeconds(30))),
                ["agent check"] = service => AskedPlanes.AgentAsync(agent, service, ids.Values, Cancelled),
                ["embedded gateway"] = service => ThroughAsync(Console.GatewayUrl, service),
                ["gateway of its own"] = service => ThroughAsync(gateway.GatewayUrl, service),
                ["watch stream"] = service => Task.FromResult(watch.Of(service)),
            };
        }

        public ConsoleProcess Console { get; set; }

        public int Count => _ask.Count;

        public async Task AllSayAsync(string service, string[] expected)
        {
            foreach (var (plane, ask) in _ask)
            {
                string[] last = [];
                await Eventually.TrueAsync(
                    async () => (last = await ask(service)).SequenceEqual(expected), Patience, () => $"{plane} says that {string.Join(' ', expected)} serve {service}, and not {string.Join(' ', last)}; the console said:\n{Console.Output}", Cancelled);
            }
        }

        public async Task NobodySaysAsync(string service)
        {
            foreach (var (plane, ask) in _ask)
                Assert.True(await ask(service) is [], plane);
        }

        public static async Task<string[]> ThroughAsync(Uri gateway, string service)
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = gateway };
            var ids = new SortedSet<string>(StringComparer.Ordinal);
            for (var n = 0; n < 6; n++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = $"{service}.localhost" } };
                using var answer = await client.SendAsync(request, Cancelled);
                if (answer.IsSuccessStatusCode)
                    ids.Add(await answer.Content.ReadAsStringAsync(Cancelled));
                else if (answer.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.ServiceUnavailable))
                    ids.Add(answer.StatusCode.ToString());
            }

            return [.. ids];
        }

        private async Task<string[]> EndpointsAsync(string service)
        {
            using var answer = await Console.Client.GetAsync(new Uri($"/api/v1/services/{service}/endpoints", UriKind.Relative), Cancelled);
            return answer.IsSuccessStatusCode
                ? [.. (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("endpoints").EnumerateArray().Select(endpoint => endpoint.GetProperty("id").GetString()!)]
                : [];
        }
    }

    /// <summary>A follower of the watch stream that comes back when the console does.</summary>
    private sealed class WatchedMesh : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly Task _following;
        private ImmutableDictionary<string, string[]> _known = ImmutableDictionary<string, string[]>.Empty;

        public WatchedMesh(Uri console) => _following = FollowAsync(console);

        public string[] Of(string service) => Volatile.Read(ref _known).GetValueOrDefault(service) ?? [];

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _end.Dispose();
        }

        private async Task FollowAsync(Uri console)
        {
            using var http = new HttpClient { BaseAddress = console };
            http.DefaultRequestHeaders.Authorization = new("Bearer", ConsoleProcess.Token);
            while (!_end.IsCancellationRequested)
            {
                try
                {
                    using var answer = await http.GetAsync(new Uri("/api/v1/watch", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, _end.Token);
                    answer.EnsureSuccessStatusCode();
                    await foreach (var item in SseParser.Create(await answer.Content.ReadAsStreamAsync(_end.Token)).EnumerateAsync(_end.Token))
                        Take(item.EventType, JsonSerializer.Deserialize<JsonElement>(item.Data));
                }
                catch (Exception ended) when (ended is HttpRequestException or SocketException or IOException)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, _end.Token);
                }
            }
        }

        private void Take(string kind, JsonElement data)
        {
            var known = kind == "snapshot" ? ImmutableDictionary<string, string[]>.Empty : _known;
            foreach (var set in data.GetProperty(kind == "snapshot" ? "services" : "changed").EnumerateArray())
                known = known.SetItem(set.GetProperty("service").GetString()!, [.. set.GetProperty("endpoints").EnumerateArray().Select(endpoint => endpoint.GetProperty("id").GetString()!)]);
            if (data.TryGetProperty("removed", out var removed))
                known = known.RemoveRange(removed.EnumerateArray().Select(service => service.GetString()!));
            Volatile.Write(ref _known, known);
        }
    }
}
