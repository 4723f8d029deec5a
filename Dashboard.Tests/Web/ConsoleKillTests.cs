using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Dashboard.Tests.Core.Postgres;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Web;

/// <summary>kill -9 of the console in the middle of writing, again and again: what it acknowledged over HTTP is there, and the log and the tables tell the same.</summary>
public sealed class ConsoleKillTests(PostgresServer postgres, ITestOutputHelper output) : IDisposable
{
    private const int Kills = 20;
    private const int Writers = 32;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string _directory = Directory.CreateTempSubdirectory("dashboard-kills-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Kills_of_the_console_under_32_writers_lose_nothing_that_was_acknowledged()
    {
        var database = await postgres.CreateDatabaseAsync();
        var ports = ConsolePorts.Free();
        var acknowledged = new ConcurrentQueue<Acknowledged>();
        var strange = new ConcurrentQueue<string>();
        var interrupted = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task[] writers = [];
        try
        {
            for (var n = 0; n < Kills; n++)
            {
                var before = acknowledged.Count;
                // Nobody waits until it is ready: the writers are at it from the first moment.
                await using var console = Launch(database, ports);
                if (writers.Length == 0)
                    writers = [.. Enumerable.Range(0, Writers).Select(number => Task.Run(() => new Writer(console.Url, number, acknowledged.Enqueue, strange.Enqueue, () => Interlocked.Increment(ref interrupted)).RunAsync(stop.Token), Cancelled))];
                // A different moment each time; 32 writers are in the middle of something at every one.
                await Eventually.TrueAsync(
                    () => acknowledged.Count >= before + 50 + 37 * n % 200 || !strange.IsEmpty || console.HasExited, Patience, $"console {n} acknowledges writes; it said:\n{console.Output}", Cancelled);
                Assert.True(strange.IsEmpty, string.Join('\n', strange.Take(20)));
                Assert.False(console.HasExited, console.Output);
                await console.KillAsync(Cancelled);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }

        Assert.True(strange.IsEmpty, string.Join('\n', strange.Take(20)));
        var changes = await StoredLog.AssertWholeAsync(database);
        var lost = acknowledged.Where(ack => ack.Revision > changes.Count || changes[(int)ack.Revision - 1] is var change && (change.Action, change.Target) != (ack.Action, ack.Target)).ToArray();
        Assert.Empty(lost);
        Assert.Equal(acknowledged.Count, acknowledged.Select(ack => ack.Revision).Distinct().Count());
        Assert.True(interrupted >= Kills, $"{interrupted} requests were under way at {Kills} kills");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Kills} kills of the console under {Writers} writers over HTTP: {acknowledged.Count} acknowledged writes, {lost.Length} lost; {interrupted} requests cut in the middle; {changes.Count} revisions, 0 missing, 0 repeated; chain intact; log and tables agree"));

        // And the next one begins with it all, and says itself that the chain is whole.
        await using var last = Launch(database, ports);
        await last.ReadyAsync(Patience, Cancelled);
        using var answer = await last.Client.GetAsync(new Uri("/api/v1/audit/verify", UriKind.Relative), Cancelled);
        var verified = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(Cancelled));
        Assert.True(verified.GetProperty("intact").GetBoolean(), verified.ToString());
    }

    private ConsoleProcess Launch(string database, ConsolePorts ports) =>
        ConsoleProcess.Launch([$"--ConnectionStrings:Registry={database}", "--Replica:LeaseSeconds=1", "--Dns:Endpoint=off", "--Agent:Endpoint=off", "--Xds:Url=off", "--Logging:LogLevel:Default=Warning"], _directory, ports, [new("DOTNET_TieredPGO", "0")]);

    private sealed record Acknowledged(long Revision, string Action, string Target);

    /// <summary>Every kind of write, on instances of its own that come and go.</summary>
    private sealed class Writer(Uri console, int number, Action<Acknowledged> acknowledged, Action<string> strange, Action interrupted)
    {
        public async Task RunAsync(CancellationToken cancellationToken)
        {
            var service = $"kill-{number % 4}";
            using var http = new HttpClient { BaseAddress = console };
            http.DefaultRequestHeaders.Authorization = new("Bearer", ConsoleProcess.Token);
            for (var n = 0; !cancellationToken.IsCancellationRequested; n++)
            {
                var id = $"w{number}-{n}";
                var address = $"10.{number}.{n >> 8 & 255}.{n & 255}";
                string path = $"/api/v1/services/{service}/instances/{id}", key = $"{service}/{id}";
                await SendAsync(http, HttpMethod.Put, path, $$"""{"address":"{{address}}","port":80}""", "instance.register", key, cancellationToken);
                await SendAsync(http, HttpMethod.Patch, $"/api/v1/services/{service}/weights", $$"""{"weights":{"{{id}}":7},"reason":"by the test","override":true}""", "service.weights", service, cancellationToken);
                await SendAsync(http, HttpMethod.Post, path + "/drain", """{"reason":"by the test","override":true}""", "instance.drain", key, cancellationToken);
                await SendAsync(http, HttpMethod.Delete, path, null, "instance.deregister", key, cancellationToken);
            }
        }

        private async Task SendAsync(HttpClient http, HttpMethod method, string path, string? body, string action, string target, CancellationToken cancellationToken)
        {
            try
            {
                using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, null, "application/json") };
                using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
                // An answer counts once it has come whole.
                var text = await answer.Content.ReadAsStringAsync(CancellationToken.None);
                if (answer.IsSuccessStatusCode)
                {
                    var document = JsonSerializer.Deserialize<JsonElement>(text);
                    acknowledged(new((document.TryGetProperty("id", out var operation) ? operation : document.GetProperty("revision")).GetInt64(), action, target));
                }
                else if ((int)answer.StatusCode is not (404 or 503))
                {
                    // What went unanswered before may be absent, and a console that starts may not be able to write yet; nothing else is expected.
                    strange($"{method} {path}: {(int)answer.StatusCode} {text}");
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or SocketException or IOException)
            {
                // A bare SocketException: it was killed between the connection and its first use, before anything was sent.
                if (failure is not (SocketException or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }))
                    interrupted();
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
