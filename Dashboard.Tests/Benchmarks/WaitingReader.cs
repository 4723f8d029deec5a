using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dashboard.Tests.Benchmarks;

/// <summary>A client on a bare socket that waits for one service's next change, in one of the ways there are. Costs the benchmark's own process little.</summary>
internal abstract class WaitingReader(IPEndPoint console, string service, string name, string token) : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[2048];

    public string Service => service;

    /// <summary>When the last answer came, a timestamp of <see cref="Stopwatch"/>.</summary>
    public long AnsweredAt { get; protected set; }

    /// <summary>The index that the last answer told.</summary>
    protected string Index { get; private set; } = "0";

    /// <summary>Connects and asks once without waiting: what a connection costs, it costs from then on.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        await _socket.ConnectAsync(console, cancellationToken);
        await AskAsync($"/api/v1/services/{service}/endpoints?index=0", cancellationToken);
        await ReadAnswerAsync(cancellationToken);
    }

    /// <summary>Waits from now on, until cancelled or cut off.</summary>
    public void Wait(Action<WaitingReader> answered, CancellationToken cancellationToken) => _ = EndQuietlyAsync(answered, cancellationToken);

    public void Dispose() => _socket.Dispose();

    protected abstract Task RunAsync(Action<WaitingReader> answered, CancellationToken cancellationToken);

    protected async Task AskAsync(string path, CancellationToken cancellationToken) => await _socket.SendAsync(
        Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {console}\r\nAuthorization: Bearer {token}\r\nX-Mesh-Client: {name}\r\n\r\n"), cancellationToken);

    protected async Task<int> ReceiveAsync(int from, CancellationToken cancellationToken)
    {
        var read = await _socket.ReceiveAsync(_buffer.AsMemory(from), cancellationToken);
        return read > 0 ? read : throw new SocketException((int)SocketError.ConnectionReset);
    }

    protected ReadOnlySpan<byte> Received(int length) => _buffer.AsSpan(0, length);

    protected async Task ReadAnswerAsync(CancellationToken cancellationToken)
    {
        var length = 0;
        do
            length += await ReceiveAsync(length, cancellationToken);
        while (!TryAnswer(Received(length)));
        AnsweredAt = Stopwatch.GetTimestamp();
    }

    private async Task EndQuietlyAsync(Action<WaitingReader> answered, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(answered, cancellationToken);
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The benchmark is over.
        }
    }

    private bool TryAnswer(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;

        if (!text.StartsWith("HTTP/1.1 200 "u8))
            throw new InvalidOperationException(Encoding.ASCII.GetString(text));

        Utf8Parser.TryParse(Header(text[..end], "Content-Length: "u8), out int body, out _);
        if (text.Length < end + 4 + body)
            return false;

        Index = Encoding.ASCII.GetString(Header(text[..end], "X-Registry-Index: "u8));
        return true;
    }

    private static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        var value = head[(head.IndexOf(name) + name.Length)..];
        var end = value.IndexOf("\r\n"u8);
        return end < 0 ? value : value[..end];
    }
}
