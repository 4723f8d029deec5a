using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Dashboard.Tests.Support;

/// <summary>A service with real instances behind a gateway, under load from clients that keep their connections, and the HTTP API that moves its traffic.</summary>
/// <param name="api">Calls the console's HTTP API.</param>
/// <param name="gateway">Where the gateway listens for HTTP/1.1.</param>
internal sealed class LoadRig(HttpClient api, Uri gateway) : IAsyncDisposable
{
    public const string Service = "load-orders";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly List<Backend> _backends = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _clients = Task.CompletedTask;
    private long _requests;
    private long _failed;
    private string? _firstFailure;

    public IReadOnlyList<Backend> Backends => _backends;

    /// <summary>Answered requests.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Requests that got no answer or another one than 200.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    public string FirstFailure => _firstFailure ?? "none";

    /// <summary>Registers instances and waits until the gateway sends to all of them.</summary>
    public async Task RegisterAsync(int instances, string settings, CancellationToken cancellationToken)
    {
        await CallAsync(HttpMethod.Put, $"/api/v1/services/{Service}", settings, cancellationToken);
        for (var number = 0; number < instances; number++)
        {
            var backend = await Backend.StartAsync($"i-{number}");
            _backends.Add(backend);
            await CallAsync(HttpMethod.Put, $"/api/v1/services/{Service}/instances/{backend.Id}", $$"""{"address":"127.0.0.1","port":{{backend.Port}}}""", cancellationToken);
        }

        using var client = NewClient();
        await Eventually.TrueAsync(
            async () =>
            {
                await AskAsync(client, cancellationToken);
                return _backends.All(backend => backend.Requests > 0);
            },
            Patience,
            () => "the gateway sends to every instance",
            cancellationToken);
        Interlocked.Exchange(ref _failed, 0);
        _firstFailure = null;
    }

    /// <summary>Starts clients that each send one request after the other.</summary>
    /// <param name="pause">Between an answer and the next request; zero = as fast as it goes.</param>
    public void StartLoad(int connections, TimeSpan pause = default) =>
        _clients = Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(async () =>
        {
            using var client = NewClient();
            while (!_stop.IsCancellationRequested)
            {
                await AskAsync(client, CancellationToken.None);
                if (pause > TimeSpan.Zero)
                    await Task.Delay(pause, TimeProvider.System, CancellationToken.None);
            }
        })));

    public async Task StopLoadAsync()
    {
        await _stop.CancelAsync();
        await _clients;
    }

    public async Task<JsonElement> CallAsync(HttpMethod method, string path, string json, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };
        using var answer = await api.SendAsync(request, cancellationToken);
        var body = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode
            ? body.Length == 0 ? default : JsonDocument.Parse(body).RootElement
            : throw new InvalidOperationException($"{method} {path}: {(int)answer.StatusCode} {body}");
    }

    /// <summary>Drains an instance and gives how long after the 202 its last new request came; zero when none came after it.</summary>
    public async Task<TimeSpan> DrainAsync(Backend backend, CancellationToken cancellationToken)
    {
        await CallAsync(HttpMethod.Post, $"/api/v1/services/{Service}/instances/{backend.Id}/drain", """{"reason":"drain under load"}""", cancellationToken);
        var accepted = Stopwatch.GetTimestamp();
        // Long enough for anything late: the goal is 50 ms.
        await Task.Delay(TimeSpan.FromMilliseconds(400), TimeProvider.System, cancellationToken);
        var last = backend.LastRequest;
        return last <= accepted ? TimeSpan.Zero : Stopwatch.GetElapsedTime(accepted, last);
    }

    /// <summary>Waits until an instance gets nothing while the others get hundreds of requests.</summary>
    public Task IdleAsync(Backend backend, CancellationToken cancellationToken)
    {
        var (own, others) = (backend.Requests, Others());
        return Eventually.TrueAsync(
            () =>
            {
                if (backend.Requests != own)
                    (own, others) = (backend.Requests, Others());
                return Others() > others + 300;
            },
            Patience,
            "the drained instance gets no new request",
            cancellationToken);

        long Others() => _backends.Where(other => other != backend).Sum(other => other.Requests);
    }

    /// <summary>Undrains an instance and waits until it gets requests again.</summary>
    public async Task UndrainAsync(Backend backend, CancellationToken cancellationToken)
    {
        var before = backend.Requests;
        await CallAsync(HttpMethod.Post, $"/api/v1/services/{Service}/instances/{backend.Id}/undrain", """{"reason":"back after the drain under load"}""", cancellationToken);
        await Eventually.TrueAsync(() => backend.Requests > before, Patience, "the undrained instance gets requests", cancellationToken);
    }

    /// <summary>Ids of the instances that are told to data planes.</summary>
    public async Task<string[]> ServingAsync(CancellationToken cancellationToken)
    {
        var set = await api.GetFromJsonAsync<JsonElement>($"/api/v1/services/{Service}/endpoints", cancellationToken);
        return [.. set.GetProperty("endpoints").EnumerateArray().Select(endpoint => endpoint.GetProperty("id").GetString()!)];
    }

    public async ValueTask DisposeAsync()
    {
        await StopLoadAsync();
        foreach (var backend in _backends)
        {
            await backend.DisposeAsync();
        }

        _stop.Dispose();
    }

    private HttpClient NewClient() => new(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null }) { BaseAddress = gateway, Timeout = TimeSpan.FromSeconds(60) };

    private async Task AskAsync(HttpClient client, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Host = $"{Service}.localhost";
        try
        {
            using var answer = await client.SendAsync(request, cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                Interlocked.Increment(ref _requests);
                return;
            }

            Fail($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}");
        }
        catch (Exception exception) when (exception is HttpRequestException or SocketException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            Fail(exception.ToString());
        }
    }

    private void Fail(string reason)
    {
        Interlocked.Increment(ref _failed);
        Interlocked.CompareExchange(ref _firstFailure, reason, null);
    }
}
