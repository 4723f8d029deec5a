using System.Net;
using System.Net.Sockets;

namespace Dashboard.Tests.Support;

/// <summary>Takes the place of a server that has gone: accepts each connection, counts it and closes it without a word.</summary>
internal sealed class HangUpListener : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Task _running;
    private int _connections;

    public HangUpListener(IPEndPoint endpoint)
    {
        _listener = new(endpoint);
        _listener.Start();
        _running = RunAsync();
    }

    public int Connections => Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _running;
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptSocketAsync();
                Interlocked.Increment(ref _connections);
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
        }
    }
}
