using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text.Json;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>Everything that one console's watch stream says, in the order in which it does.</summary>
internal sealed class WatchLog : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<(long Revision, string Service, string Id, int Weight)> _said = new();
    private readonly ConcurrentQueue<long> _revisions = new();
    private readonly Task _reading;

    public WatchLog(ConsoleProcess console) => _reading = ReadAsync(console);

    /// <summary>The revision of each event.</summary>
    public IReadOnlyCollection<long> Revisions => _revisions;

    /// <summary>The serving endpoints of each service in each event that tells of it.</summary>
    public IReadOnlyCollection<(long Revision, string Service, string Id, int Weight)> Said => _said;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reading;
        _end.Dispose();
    }

    private async Task ReadAsync(ConsoleProcess console)
    {
        try
        {
            using var answer = await console.Client.GetAsync(new Uri("/api/v1/watch", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, _end.Token);
            await using var body = await answer.Content.ReadAsStreamAsync(_end.Token);
            await foreach (var item in SseParser.Create(body).EnumerateAsync(_end.Token))
            {
                var data = JsonSerializer.Deserialize<JsonElement>(item.Data);
                var revision = data.GetProperty("revision").GetInt64();
                foreach (var set in data.GetProperty(item.EventType == "snapshot" ? "services" : "changed").EnumerateArray())
                {
                    foreach (var endpoint in set.GetProperty("endpoints").EnumerateArray())
                        _said.Enqueue((revision, set.GetProperty("service").GetString()!, endpoint.GetProperty("id").GetString()!, endpoint.GetProperty("weight").GetInt32()));
                }

                _revisions.Enqueue(revision);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or HttpRequestException or SocketException or IOException)
        {
            // The test or the console ended.
        }
    }
}
