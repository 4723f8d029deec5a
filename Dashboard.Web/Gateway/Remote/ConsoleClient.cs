using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.Traffic;
using Microsoft.Extensions.Options;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>The HTTP API of the console that is followed, as a gateway uses it.</summary>
internal sealed class ConsoleClient : IDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    private readonly ConsoleList _consoles;
    private readonly HttpClient _http;

    public ConsoleClient(ConsoleList consoles, IOptions<ConsoleOptions> options)
        // A console that does not answer at once is passed by: the next in the list may.
        : this(consoles, options, new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1.5), PooledConnectionLifetime = TimeSpan.FromMinutes(2), UseCookies = false, ActivityHeadersPropagator = null })
    {
    }

    internal ConsoleClient(ConsoleList consoles, IOptions<ConsoleOptions> options, HttpMessageHandler handler)
    {
        _consoles = consoles;
        _http = new(handler)
        {
            // The watch stream never ends; the other calls have a limit of their own.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (options.Value.Token is { Length: > 0 } token)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>Opens a console's watch stream of all services.</summary>
    /// <exception cref="HttpRequestException">The console is away or refused.</exception>
    public async Task<HttpResponseMessage> WatchAsync(Uri console, string gateway, WatchEventId? last, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(console, "api/v1/watch"));
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Add(WatchProtocol.ClientHeader, gateway);
        request.Headers.Add(WatchProtocol.KindHeader, WatchProtocol.GatewayKind);
        if (last is { } id)
        {
            request.Headers.Add("Last-Event-ID", id.ToString());
        }

        var answer = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        try
        {
            return answer.EnsureSuccessStatusCode();
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    /// <summary>Whether a console says that its registry is current.</summary>
    public async Task<bool> IsCurrentAsync(Uri console, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallTimeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(console, "health/ready"));
            using var answer = await SendAsync(request, HttpCompletionOption.ResponseContentRead, limit.Token);
            var health = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsByteArrayAsync(limit.Token));
            return answer.IsSuccessStatusCode && health.ValueKind == JsonValueKind.Object && health.TryGetProperty("storeAvailable", out var available) && available.ValueKind == JsonValueKind.True;
        }
        catch (Exception away) when (away is HttpRequestException or JsonException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <exception cref="HttpRequestException">The console is away or refused.</exception>
    public Task AcknowledgeAsync(string gateway, AcknowledgementDocument acknowledgement, CancellationToken cancellationToken) =>
        PostAsync($"api/v1/subscribers/{Uri.EscapeDataString(gateway)}/ack", acknowledgement, DiscoveryJson.Default.AcknowledgementDocument, cancellationToken);

    /// <exception cref="HttpRequestException">The console is away or refused.</exception>
    public Task ReportAsync(TrafficReportDocument report, CancellationToken cancellationToken) =>
        PostAsync("api/v1/reports", report, TrafficJson.Default.TrafficReportDocument, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task PostAsync<T>(string path, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallTimeout);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_consoles.Current, path)) { Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, type)) };
        request.Content.Headers.ContentType = new("application/json");
        try
        {
            using var answer = await SendAsync(request, HttpCompletionOption.ResponseContentRead, limit.Token);
            answer.EnsureSuccessStatusCode();
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{path} was not answered within {CallTimeout.TotalSeconds} s.", exception);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, completion, cancellationToken);
        }
        catch (SocketException gone)
        {
            // The console went between the connection and its first use: SocketsHttpHandler lets that through as it is.
            throw new HttpRequestException(HttpRequestError.ConnectionError, gone.Message, gone);
        }
    }
}
