using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using Dashboard.Web.Live.Frames;
using MessagePack;

namespace Dashboard.Tests.Benchmarks;

/// <summary>Many viewers over WebSockets that read every frame and of each only its head, so that they cost little beside the server.</summary>
internal sealed class HubViewers : IAsyncDisposable
{
    private readonly List<ClientWebSocket> _sockets = [];
    private readonly List<Task> _readers = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentQueue<double> _ages = [];
    private readonly ConcurrentDictionary<long, int> _deltas = [];
    private volatile bool _measuring;
    private long _frames;
    private long _bytes;
    private long _fullFrames;
    private int _fullSize;

    public long Frames => Interlocked.Read(ref _frames);

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Full frames that came while measuring: viewers that had missed something.</summary>
    public long FullFrames => Interlocked.Read(ref _fullFrames);

    /// <summary>Bytes of the last full frame.</summary>
    public int FullSize => Volatile.Read(ref _fullSize);

    /// <summary>Bytes of each delta.</summary>
    public int[] Deltas => [.. _deltas.Values];

    /// <summary>Milliseconds from a frame's making to its arrival, rising.</summary>
    public double[] Ages => [.. _ages.Order()];

    public static async Task<HubViewers> ConnectAsync(Uri hub, int count, bool subscribe, CancellationToken cancellationToken)
    {
        var viewers = new HubViewers();
        foreach (var batch in Enumerable.Range(0, count).Chunk(50))
        {
            viewers._sockets.AddRange(await Task.WhenAll(batch.Select(_ => OpenAsync(hub, subscribe, cancellationToken))));
        }

        foreach (var socket in viewers._sockets)
        {
            viewers._readers.Add(Task.Run(() => viewers.ReadAsync(socket), CancellationToken.None));
        }

        return viewers;
    }

    public void Measure() => _measuring = true;

    public void Stop() => _measuring = false;

    public async ValueTask DisposeAsync()
    {
        _measuring = false;
        await _ended.CancelAsync();
        await Task.WhenAll(_readers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        _ended.Dispose();
    }

    private static async Task<ClientWebSocket> OpenAsync(Uri hub, bool subscribe, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(hub, cancellationToken);
        await socket.SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"messagepack\",\"version\":1}\u001e"), WebSocketMessageType.Text, true, cancellationToken);
        if (subscribe)
        {
            // [1, {}, nil, "SubscribeTopology", [], []] behind its length.
            var name = "SubscribeTopology"u8.ToArray();
            byte[] message = [0x96, 0x01, 0x80, 0xc0, (byte)(0xa0 + name.Length), .. name, 0x90, 0x90];
            await socket.SendAsync(new byte[] { (byte)message.Length }.Concat(message).ToArray(), WebSocketMessageType.Binary, true, cancellationToken);
        }

        return socket;
    }

    private async Task ReadAsync(ClientWebSocket socket)
    {
        var buffer = new byte[32 * 1024];
        // Of a message only the beginning is looked at; the rest is counted.
        var head = new byte[512];
        var (known, left, length) = (0, 0L, 0L);
        var handshake = true;
        while (!_ended.IsCancellationRequested)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), _ended.Token);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            var at = 0;
            while (at < part.Count)
            {
                if (handshake)
                {
                    // {} and the record separator.
                    var end = Array.IndexOf(buffer, (byte)0x1e, at, part.Count - at);
                    handshake = end < 0;
                    at = end < 0 ? part.Count : end + 1;
                    continue;
                }

                if (left == 0)
                {
                    head[known++] = buffer[at++];
                    if ((head[known - 1] & 0x80) != 0)
                    {
                        continue;
                    }

                    length = left = Length(head.AsSpan(0, known));
                    known = 0;
                    continue;
                }

                var take = (int)Math.Min(left, part.Count - at);
                var keep = Math.Min(take, head.Length - known);
                buffer.AsSpan(at, keep).CopyTo(head.AsSpan(known));
                (known, at, left) = (known + keep, at + take, left - take);
                if (left == 0)
                {
                    Count(head.AsMemory(0, known), length);
                    known = 0;
                }
            }
        }
    }

    private static long Length(ReadOnlySpan<byte> bytes)
    {
        var length = 0L;
        for (var index = 0; index < bytes.Length; index++)
        {
            length |= (long)(bytes[index] & 0x7f) << (7 * index);
        }

        return length;
    }

    private void Count(ReadOnlyMemory<byte> head, long length)
    {
        var arrived = TimeProvider.System.GetUtcNow();
        var reader = new MessagePackReader(head);
        reader.ReadArrayHeader();
        if (reader.ReadInt32() != 1)
        {
            return;
        }

        reader.Skip();
        reader.Skip();
        reader.Skip();
        reader.ReadArrayHeader();
        reader.ReadArrayHeader();
        var kind = (FrameKind)reader.ReadByte();
        var sequence = reader.ReadInt64();
        reader.ReadInt64();
        reader.Skip();
        var age = arrived.ToUnixTimeMilliseconds() - reader.ReadInt64();
        if (kind == FrameKind.Full)
        {
            Volatile.Write(ref _fullSize, (int)length);
        }

        if (!_measuring)
        {
            return;
        }

        Interlocked.Increment(ref _frames);
        Interlocked.Add(ref _bytes, length);
        _ages.Enqueue(age);
        if (kind == FrameKind.Full)
        {
            Interlocked.Increment(ref _fullFrames);
        }
        else
        {
            _deltas[sequence] = (int)length;
        }
    }
}
