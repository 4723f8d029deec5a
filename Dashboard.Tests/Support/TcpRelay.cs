using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Dashboard.Tests.Support;

/// <summary>An address that stays while the server behind it changes its own: what a load balancer or a fixed port is to a browser.</summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> _open = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _accepting;
    private volatile int _port;

    public TcpRelay(int port)
    {
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>From now on connections go there; those that are open are cut.</summary>
    public void Switch(int port)
    {
        _port = port;
        foreach (var client in _open.Keys)
        {
            client.Close();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        Switch(0);
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_ended.Token);
            _ = RelayAsync(client);
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient();
        _open[client] = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _port, _ended.Token);
            await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream(), _ended.Token), server.GetStream().CopyToAsync(client.GetStream(), _ended.Token));
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or ArgumentException)
        {
            // Nobody is there, or one end has gone: the other goes with it.
        }

        _open.TryRemove(client, out _);
        client.Dispose();
    }
}
