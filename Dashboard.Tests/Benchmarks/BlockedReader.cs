using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dashboard.Tests.Benchmarks;

/// <summary>A client of the blocking query on a bare socket: asks, waits for its answer, asks again with the index that it was told. Costs the benchmark's own process little.</summary>
internal sealed class BlockedReader(IPEndPoint console, string service, string name, string token) : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[2048];
    private string _index = "0";

    public string Service => service;

    /// <summary>Answers so far; the first is that to the question without an index.</summary>
    public long Answers { get; private set; }

    /// <summary>When the last answer came, a timestamp of <see cref="Stopwatch"/>.</summary>
    public long AnsweredAt { get; private set; }

    /// <summary>Connects and has a first answer.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        await _socket.ConnectAsync(console, cancellationToken);
        await AskAsync(cancellationToken);
        await ReadAsync(cancellationToken);
    }

    /// <summary>Waits from now on, until cancelled or cut off.</summary>
    public void Wait(Action<BlockedReader> answered, CancellationToken cancellationToken) => _ = RunAsync(answered, cancellationToken);

    public void Dispose() => _socket.Dispose();

    private async Task RunAsync(Action<BlockedReader> answered, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await AskAsync(cancellationToken);
                await ReadAsync(cancellationToken);
                answered(this);
            }
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The benchmark is over.
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var wait = Answers == 0 ? "" : "&wait=10m";
        await _socket.SendAsync(
            Encoding.ASCII.GetBytes($"GET /api/v1/services/{service}/endpoints?index={_index}{wait} HTTP/1.1\r\nHost: {console}\r\nAuthorization: Bearer {token}\r\nX-Mesh-Client: {name}\r\n\r\n"), cancellationToken);
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                throw new SocketException((int)SocketError.ConnectionReset);

            length += read;
            var text = _buffer.AsSpan(0, length);
            var end = text.IndexOf("\r\n\r\n"u8);
            if (end < 0)
                continue;

            if (!text.StartsWith("HTTP/1.1 200 "u8))
                throw new InvalidOperationException(Encoding.ASCII.GetString(text));

            Utf8Parser.TryParse(Header(text[..end], "Content-Length: "u8), out int body, out _);
            if (length < end + 4 + body)
                continue;

            _index = Encoding.ASCII.GetString(Header(text[..end], "X-Registry-Index: "u8));
            AnsweredAt = Stopwatch.GetTimestamp();
            Answers++;
            return;
        }
    }

    private static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        var value = head[(head.IndexOf(name) + name.Length)..];
        var end = value.IndexOf("\r\n"u8);
        return end < 0 ? value : value[..end];
    }
}
