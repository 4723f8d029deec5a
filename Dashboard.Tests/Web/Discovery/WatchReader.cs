using System.Net.ServerSentEvents;
using System.Text.Json;
using Dashboard.Tests.Web.Api;

namespace Dashboard.Tests.Web.Discovery;

/// <summary>A follower of the watch stream.</summary>
internal sealed class WatchReader : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly IAsyncEnumerator<SseItem<string>> _events;

    private WatchReader(HttpResponseMessage response, Stream body)
    {
        _response = response;
        _events = SseParser.Create(body).EnumerateAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
    }

    public string LastId { get; private set; } = "";

    public static async Task<WatchReader> OpenAsync(ApiHost host, string query = "", string? lastId = null, string? client = null, bool gateway = false)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/watch{query}");
        if (lastId is not null)
            request.Headers.Add("Last-Event-ID", lastId);
        if (client is not null)
            request.Headers.Add("X-Mesh-Client", client);
        if (gateway)
            request.Headers.Add("X-Mesh-Kind", "gateway");

        var response = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
        return new(response, await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The next event, or null at the stream's end.</summary>
    public async Task<(string Name, JsonElement Data)?> NextAsync()
    {
        if (!await _events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken))
            return null;

        LastId = _events.Current.EventId ?? LastId;
        return (_events.Current.EventType, JsonDocument.Parse(_events.Current.Data).RootElement);
    }

    public async ValueTask DisposeAsync()
    {
        _response.Dispose();
        try
        {
            await _events.DisposeAsync();
        }
        catch (NotSupportedException)
        {
        }
    }
}
