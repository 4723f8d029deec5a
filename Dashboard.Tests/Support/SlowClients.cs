using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using HdrHistogram;

namespace Dashboard.Tests.Support;

/// <summary>
/// Clients that ask for much and read one byte a second: of the watch stream, a large serving set, a blocking query that ends, a service with its instances, the list of services, the
/// metrics and the live hub. Others are served meanwhile.
/// </summary>
internal sealed class SlowClients(int clients, int instances, TimeSpan duration, Action<string> print)
{
    private const string Big = "big";
    private const string Small = "small";
    private const int Warming = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    /// <summary>By how many megabytes the console's resident memory grew at most.</summary>
    public double GrewBy { get; private set; }

    /// <summary>The slowest answers of others (p99) against those before.</summary>
    public double P99Ratio { get; private set; }

    /// <summary>Requests of others that were not answered with 200.</summary>
    public int Failed { get; private set; }

    /// <summary>Whether a change reached a follower that reads while the slow ones did not.</summary>
    public bool ChangeArrived { get; private set; }

    public async Task RunAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var console = await ConsoleProcess.StartAsync([$"--ConnectionStrings:Registry={connectionString}"], cancellationToken);
        await RegisterAsync(console, cancellationToken);
        var index = await IndexAsync(console, cancellationToken);
        string[] paths =
        [
            "/api/v1/watch", $"/api/v1/services/{Big}/endpoints", $"/api/v1/services/{Big}/endpoints?wait=5m&index={index}", $"/api/v1/services/{Big}", "/api/v1/services", "/metrics", "/hubs/live",
        ];
        // Whoever reads asks for the same first: what the server takes for that is not the slow ones' doing.
        await WarmAsync(console, cancellationToken);
        var before = await MeasureAsync(console, duration, cancellationToken);
        var baseline = MemoryOf.Resident(console.Id);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < clients; i++)
            {
                sockets.Add(await OpenAsync(console, paths[i % paths.Length], cancellationToken));
            }

            var reading = ReadSlowlyAsync(sockets, ending.Token);
            var highest = HighestAsync(console, ending.Token);
            // Ends the blocking queries, and gives each watcher another megabyte.
            await RegisterOneAsync(console, Big, instances, cancellationToken);
            var during = await MeasureAsync(console, duration, cancellationToken);
            await RegisterOneAsync(console, Small, 77, cancellationToken);
            ChangeArrived = await ArrivesAsync(console, cancellationToken);
            await ending.CancelAsync();
            GrewBy = await highest - baseline;
            await reading;
            P99Ratio = (double)during.GetValueAtPercentile(99) / before.GetValueAtPercentile(99);
            print(string.Create(
                CultureInfo.InvariantCulture,
                $"{clients} clients that read a byte a second, {instances} instances: the console took {baseline:0} MB and grew by {GrewBy:0} MB at most; others' p99 {before.GetValueAtPercentile(99) / 1000.0:0.00} ms before, {during.GetValueAtPercentile(99) / 1000.0:0.00} ms meanwhile ({P99Ratio:0.00}x), p50 {before.GetValueAtPercentile(50) / 1000.0:0.00} and {during.GetValueAtPercentile(50) / 1000.0:0.00} ms; {during.TotalCount} answers, {Failed} failed; {CountOpen(sockets)} of the slow were still served"));
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static int CountOpen(List<Socket> sockets) => sockets.Count(socket =>
    {
        try
        {
            return !(socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0) && !socket.Poll(0, SelectMode.SelectError);
        }
        catch (SocketException)
        {
            return false;
        }
    });

    private static async Task<Socket> OpenAsync(ConsoleProcess console, string path, CancellationToken cancellationToken)
    {
        // The smallest window that the kernel grants.
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 1024, NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, console.Ports.Console), cancellationToken);
        var head = $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{console.Ports.Console}\r\nAuthorization: Bearer {ConsoleProcess.Token}\r\n";
        if (!path.StartsWith("/hubs", StringComparison.Ordinal))
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes($"{head}\r\n"), cancellationToken);
            return socket;
        }

        await socket.SendAsync(Encoding.ASCII.GetBytes($"{head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), cancellationToken);
        var answer = new byte[4096];
        var read = await socket.ReceiveAsync(answer, cancellationToken);
        Assert.StartsWith("HTTP/1.1 101", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
        await socket.SendAsync(Frame(1, Encoding.UTF8.GetBytes("{\"protocol\":\"messagepack\",\"version\":1}\u001e")), cancellationToken);
        // [1, {}, nil, "SubscribeService", ["big"], []] behind its length.
        byte[] call = [0x96, 1, 0x80, 0xc0, 0xb0, .. "SubscribeService"u8, 0x91, 0xa3, .. "big"u8, 0x90];
        await socket.SendAsync(Frame(2, [(byte)call.Length, .. call]), cancellationToken);
        return socket;
    }

    // A client's frame is masked; a mask of zeros leaves it as it is.
    private static byte[] Frame(byte kind, byte[] payload) => [(byte)(0x80 | kind), (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload];

    private static async Task ReadSlowlyAsync(List<Socket> sockets, CancellationToken cancellationToken)
    {
        var one = new byte[1];
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), TimeProvider.System);
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                foreach (var socket in sockets)
                {
                    try
                    {
                        if (socket.Available > 0)
                        {
                            socket.Receive(one);
                        }
                    }
                    catch (SocketException)
                    {
                        // It was cut off.
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Enough was seen.
        }
    }

    private static async Task<double> HighestAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        var highest = 0.0;
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            do
            {
                highest = Math.Max(highest, MemoryOf.Resident(console.Id));
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // Enough was seen.
        }

        return highest;
    }

    private static async Task<string> IndexAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        using var answer = await console.Client.GetAsync($"/api/v1/services/{Big}/endpoints", cancellationToken);
        return answer.Headers.GetValues("X-Registry-Index").Single();
    }

    private static async Task RegisterOneAsync(ConsoleProcess console, string service, int number, CancellationToken cancellationToken)
    {
        using var answer = await console.Client.PutAsJsonAsync(
            $"/api/v1/services/{service}/instances/instance-{number}", new { address = $"10.{number / 65536}.{number / 256 % 256}.{number % 256}", port = 8080, zone = "zone-a", node = $"node-{number % 100}", version = "v1" }, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<bool> ArrivesAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        await Eventually.TrueAsync(
            async () => (await console.Client.GetFromJsonAsync<JsonElement>($"/api/v1/services/{Small}/endpoints", cancellationToken)).GetProperty("endpoints").EnumerateArray().Any(endpoint => endpoint.GetProperty("id").GetString() == "instance-77"),
            Patience,
            () => "the change is told",
            cancellationToken);
        return true;
    }

    private async Task RegisterAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        foreach (var service in new[] { Big, Small })
        {
            using var answer = await console.Client.PutAsJsonAsync($"/api/v1/services/{service}", new { check = new { kind = "none" } }, cancellationToken);
            answer.EnsureSuccessStatusCode();
        }

        await Parallel.ForAsync(0, 50, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken }, async (number, token) => await RegisterOneAsync(console, Small, number, token));
        await Parallel.ForAsync(0, instances, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = cancellationToken }, async (number, token) => await RegisterOneAsync(console, Big, number, token));
    }

    private static async Task WarmAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        string[] paths = [$"/api/v1/services/{Big}/endpoints", $"/api/v1/services/{Big}", "/api/v1/services", "/metrics"];
        await Parallel.ForAsync(0, Warming * paths.Length, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken }, async (number, token) =>
            _ = await console.Client.GetByteArrayAsync(new Uri(paths[number % paths.Length], UriKind.Relative), token));
    }

    private async Task<LongHistogram> MeasureAsync(ConsoleProcess console, TimeSpan measured, CancellationToken cancellationToken)
    {
        var histogram = new LongHistogram(60_000_000, 3);
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(start) < measured)
            {
                var asked = Stopwatch.GetTimestamp();
                using var answer = await console.Client.GetAsync($"/api/v1/services/{Small}/endpoints", cancellationToken);
                lock (histogram)
                {
                    histogram.RecordValue((long)Stopwatch.GetElapsedTime(asked).TotalMicroseconds);
                    Failed += answer.StatusCode == HttpStatusCode.OK ? 0 : 1;
                }
            }
        }));
        return histogram;
    }
}
