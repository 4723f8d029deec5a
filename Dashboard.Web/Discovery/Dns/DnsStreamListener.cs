using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Dashboard.Core.Discovery.Dns;

namespace Dashboard.Web.Discovery.Dns;

/// <summary>Answers over TCP on one address (RFC 7766): many questions a connection, bounded connections, each closed when it is idle or does not read.</summary>
internal sealed class DnsStreamListener : IDisposable
{
    private readonly Socket _socket;
    private readonly DnsDesk _desk;
    private readonly ulong _seed;
    private readonly ConcurrentDictionary<IPAddress, int> _clients = [];
    private readonly ConcurrentDictionary<Socket, Task> _connections = [];
    private int _open;

    /// <exception cref="SocketException">The address is taken or not this host's.</exception>
    public DnsStreamListener(IPEndPoint endpoint, DnsDesk desk, ulong seed)
    {
        _desk = desk;
        _seed = seed;
        _socket = new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
                _socket.DualMode = endpoint.Address.Equals(IPAddress.IPv6Any);

            _socket.Bind(endpoint);
            _socket.Listen(512);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    public IPEndPoint Endpoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Takes connections until cancelled, then closes those that are open.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                Socket connection;
                try
                {
                    connection = await _socket.AcceptAsync(cancellationToken);
                }
                catch (SocketException failure)
                {
                    // A client that hung up first, or no file descriptor left for a moment.
                    _desk.Logger.LogDebug(failure, "DNS over TCP on {Endpoint}", _socket.LocalEndPoint);
                    await Task.Delay(TimeSpan.FromMilliseconds(10), _desk.Time, cancellationToken);
                    continue;
                }

                var client = ((IPEndPoint)connection.RemoteEndPoint!).Address;
                if (client.IsIPv4MappedToIPv6)
                    client = client.MapToIPv4();

                if (!TryEnter(client))
                {
                    _desk.Counters.CountRefusedConnection();
                    connection.Dispose();
                    continue;
                }

                var serving = new DnsConnection(connection, client, _desk, _seed).RunAsync(cancellationToken);
                _connections[connection] = serving;
                _ = LeaveAsync(connection, client, serving);
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(_connections.Values);
        }
    }

    public void Dispose() => _socket.Dispose();

    private bool TryEnter(IPAddress client)
    {
        // Only the loop that accepts counts up, so that what is compared cannot be overtaken.
        if (Volatile.Read(ref _open) >= _desk.Options.MaxConnections || _clients.GetValueOrDefault(client) >= _desk.Options.MaxConnectionsPerClient)
            return false;

        Interlocked.Increment(ref _open);
        _clients.AddOrUpdate(client, 1, (_, count) => count + 1);
        return true;
    }

    private async Task LeaveAsync(Socket connection, IPAddress client, Task serving)
    {
        await serving;
        connection.Dispose();
        _connections.TryRemove(connection, out _);
        Decrement(client);
        Interlocked.Decrement(ref _open);
    }

    private void Decrement(IPAddress client)
    {
        if (_clients.AddOrUpdate(client, 0, (_, count) => count - 1) <= 0)
            _clients.TryRemove(new(client, 0));
    }
}
