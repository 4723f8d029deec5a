using System.Net;
using System.Net.Sockets;

namespace Dashboard.Tests.Support;

/// <summary>An address on loopback that answers no SYN: a listener that accepts nothing and whose queue is full.</summary>
internal sealed class BlackHole : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _queued = [];

    /// <param name="port">0 = any that is free.</param>
    public BlackHole(int port = 0)
    {
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(0);
        Fill();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public int Port => EndPoint.Port;

    public void Dispose()
    {
        foreach (var socket in _queued)
        {
            socket.Dispose();
        }

        _listener.Dispose();
    }

    // The kernel takes one or two more than the backlog says; it is full when a connection is not established at once.
    private void Fill()
    {
        for (var i = 0; i < 16; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _queued.Add(socket);
            try
            {
                socket.Connect(EndPoint);
            }
            catch (SocketException pending) when (pending.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                if (!socket.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectWrite))
                {
                    return;
                }
            }
        }

        throw new InvalidOperationException("The listener's queue does not get full.");
    }
}
