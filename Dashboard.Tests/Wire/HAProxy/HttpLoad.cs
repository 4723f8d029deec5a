using System.Collections.Concurrent;
using System.Net.Sockets;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Wire.HAProxy;

/// <summary>Clients that ask as fast as they are answered, and keep what failed.</summary>
internal sealed class HttpLoad
{
    public const string Path = "/load";

    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _client;
    private readonly ConcurrentQueue<string> _failed = new();
    private readonly Task[] _clients;
    private long _sent;

    public HttpLoad(int port, int clients)
    {
        _client = new() { BaseAddress = new($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(60) };
        _clients = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(AskAsync))];
    }

    /// <summary>Waits until so many further requests were answered.</summary>
    public Task FinishAsync(int requests, CancellationToken cancellationToken)
    {
        var goal = Interlocked.Read(ref _sent) + requests;
        return Eventually.TrueAsync(() => Interlocked.Read(ref _sent) >= goal, TimeSpan.FromSeconds(60), "the load goes on", cancellationToken);
    }

    public async Task<(long Sent, IReadOnlyCollection<string> Failed)> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        _client.Dispose();
        _stop.Dispose();
        return (_sent, _failed);
    }

    private async Task AskAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var answer = await _client.GetAsync(new Uri(Path, UriKind.Relative));
                if (!answer.IsSuccessStatusCode)
                    _failed.Enqueue($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            }
            catch (Exception failure) when (failure is HttpRequestException or SocketException or OperationCanceledException)
            {
                _failed.Enqueue(failure.Message);
            }

            Interlocked.Increment(ref _sent);
        }
    }
}
