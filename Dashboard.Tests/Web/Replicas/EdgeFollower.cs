using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>A data plane of a test's own: follows one console over HTTP, acknowledges what it takes and reports what it is told to have in flight.</summary>
internal sealed class EdgeFollower : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly HttpClient _http;
    private readonly string _id;
    private readonly Task _running;
    private readonly Guid _session = Guid.NewGuid();
    private long _sequence;

    private EdgeFollower(Uri console, string id)
    {
        _id = id;
        _http = new() { BaseAddress = console, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ConsoleProcess.Token);
        _running = Task.WhenAll(WatchAsync(), ReportAsync());
    }

    /// <summary>What it has in flight at an instance of a service.</summary>
    public (string Service, string Instance, int Requests) InFlight { get; set; } = ("", "", 0);

    /// <summary>False: it is connected, but says nothing.</summary>
    public bool Speaks { get; set; } = true;

    public static EdgeFollower Follow(ConsoleProcess console, string id) => new(console.Url, id);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running;
        _http.Dispose();
        _end.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/watch");
            request.Headers.Add("X-Mesh-Client", _id);
            request.Headers.Add("X-Mesh-Kind", "gateway");
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _end.Token);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(_end.Token));
            while (await reader.ReadLineAsync(_end.Token) is { } line)
            {
                // The id of an event: generation, revision and overlay.
                if (line.StartsWith("id:", StringComparison.Ordinal) && line[3..].Trim().Split('.') is [var generation, var revision, ..])
                {
                    using var taken = await _http.PostAsJsonAsync(
                        $"/api/v1/subscribers/{_id}/ack", new { generation = Guid.Parse(generation), revision = long.Parse(revision, System.Globalization.CultureInfo.InvariantCulture) }, _end.Token);
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or HttpRequestException or SocketException or IOException)
        {
            // The test or the console ended.
        }
    }

    private async Task ReportAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
            while (await timer.WaitForNextTickAsync(_end.Token))
            {
                if (!Speaks)
                    continue;
                var (service, instance, requests) = InFlight;
                object[] open = requests == 0 ? [] : [new { service, instance, requests, longLived = 0 }];
                using var answer = await _http.PostAsJsonAsync("/api/v1/reports", new { reporter = _id, session = _session, sequence = ++_sequence, periodMs = 500, inFlight = open }, _end.Token);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or HttpRequestException or SocketException or IOException)
        {
            // The test or the console ended.
        }
    }
}
