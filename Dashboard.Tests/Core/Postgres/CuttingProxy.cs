using System.Net.Sockets;
using Npgsql;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>Stands between a client and Postgres on a unix socket, and can lose an answer: the request arrives, the client sees its connection break.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cut-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _server;
    private readonly Task _accepting;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<Socket, bool> _clients = [];
    private byte[]? _trigger;
    private volatile bool _blocked;

    public CuttingProxy(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        _server = Path.Combine(builder.Host!, ".s.PGSQL.5432");
        builder.Host = _directory;
        ConnectionString = builder.ConnectionString;
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_directory, ".s.PGSQL.5432")));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Leads to the same database, through the proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>How many answers were lost.</summary>
    public int Cuts { get; private set; }

    /// <summary>The next request that contains <paramref name="text"/> reaches Postgres, and its answer nobody.</summary>
    public void LoseAnswerTo(string text) => _trigger = System.Text.Encoding.UTF8.GetBytes(text);

    /// <summary>Cuts every connection and refuses new ones until <see cref="Unblock"/>.</summary>
    public void Block()
    {
        _blocked = true;
        foreach (var socket in _clients.Keys)
            socket.Dispose();
    }

    public void Unblock() => _blocked = false;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Directory.Delete(_directory, recursive: true);
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(CarryAsync(await _listener.AcceptAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var _ = client;
        if (_blocked)
            return;
        _clients[client] = true;
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_server), _stop.Token);
            var answers = AnswersAsync(server, client, cut.Token);
            await RequestsAsync(client, server, cut);
            await cut.CancelAsync();
            await answers;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two is away; so is this connection.
        }
        finally
        {
            _clients.TryRemove(client, out var _);
        }
    }

    private async Task RequestsAsync(Socket client, Socket server, CancellationTokenSource cut)
    {
        var buffer = new byte[1 << 20];
        while (await client.ReceiveAsync(buffer, cut.Token) is var count and > 0)
        {
            var lose = _trigger is { } trigger && buffer.AsSpan(0, count).IndexOf(trigger) >= 0;
            if (lose)
            {
                // No answer gets through any more, and the client learns nothing before the server is done.
                _trigger = null;
                await cut.CancelAsync();
            }

            await server.SendAsync(buffer.AsMemory(0, count), _stop.Token);
            if (lose)
            {
                await server.ReceiveAsync(buffer, _stop.Token);
                Cuts++;
                return;
            }
        }
    }

    private static async Task AnswersAsync(Socket server, Socket client, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await server.ReceiveAsync(buffer, cancellationToken) is var count and > 0)
                await client.SendAsync(buffer.AsMemory(0, count), cancellationToken);
            client.Shutdown(SocketShutdown.Both);
        }
        catch (OperationCanceledException)
        {
            // The other direction ends the connection.
        }
    }
}
