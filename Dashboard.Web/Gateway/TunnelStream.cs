namespace Dashboard.Web.Gateway;

/// <summary>The client's side of a WebSocket: read to send to the instance, written with what the instance sends.</summary>
internal sealed class TunnelStream : Stream
{
    // FIN and opcode 8, two bytes of payload: 1001, "going away" (RFC 6455, 5.5.1 and 7.4.1).
    private static readonly byte[] CloseToClient = [0x88, 0x02, 0x03, 0xE9];

    // The same as a client sends it: masked (by 1, 2, 3, 4).
    private static readonly byte[] CloseToInstance = [0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xE9 ^ 2];

    private readonly Stream _client;
    private readonly Tunnel _tunnel;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenRegistration _closing;
    private FrameBoundary _fromClient;
    private FrameBoundary _fromInstance;
    private bool _closeRead;
    private bool _closeWritten;

    public TunnelStream(Stream client, Tunnel tunnel)
    {
        _client = client;
        _tunnel = tunnel;
        _closing = tunnel.Closing.UnsafeRegister(static state => _ = ((TunnelStream)state!).CloseIdleAsync(), this);
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_closeRead)
        {
            return 0;
        }

        if (!_tunnel.Closing.IsCancellationRequested || !_fromClient.IsBetweenFrames)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _tunnel.Closing);
            try
            {
                // Inside a frame the rest of it is awaited; who does not send it is cut in the end.
                var read = await _client.ReadAsync(buffer, _fromClient.IsBetweenFrames ? either.Token : cancellationToken);
                if (!_tunnel.Closing.IsCancellationRequested)
                {
                    _fromClient.Advance(buffer.Span[..read]);
                    return read;
                }

                // Up to the end of this frame; the next read gives the close frame, and what followed is dropped.
                return _fromClient.IsBetweenFrames ? TakeClose(buffer) : _fromClient.AdvanceToBoundary(buffer.Span[..read]);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
            }
        }

        return TakeClose(buffer);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (_closeWritten)
            {
                // What comes after the close frame is not for the client any more.
                return;
            }

            if (!_tunnel.Closing.IsCancellationRequested)
            {
                _fromInstance.Advance(buffer.Span);
                await _client.WriteAsync(buffer, cancellationToken);
                return;
            }

            // The rest of the frame that is under way, then the end.
            if (!_fromInstance.IsBetweenFrames)
            {
                var rest = _fromInstance.AdvanceToBoundary(buffer.Span);
                await _client.WriteAsync(buffer[..rest], cancellationToken);
            }

            await WriteCloseAsync(cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => _client.FlushAsync(cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _closing.Dispose();
            _client.Dispose();
        }

        base.Dispose(disposing);
    }

    private int TakeClose(Memory<byte> buffer)
    {
        // A copier waits with an empty buffer until there is something to read: there is.
        if (buffer.IsEmpty)
        {
            return 0;
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(buffer.Length, CloseToInstance.Length, nameof(buffer));
        _closeRead = true;
        CloseToInstance.CopyTo(buffer);
        return CloseToInstance.Length;
    }

    private async Task CloseIdleAsync()
    {
        try
        {
            await _writing.WaitAsync(_tunnel.Cut);
            try
            {
                await WriteCloseAsync(_tunnel.Cut);
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection ended by itself.
        }
    }

    private async ValueTask WriteCloseAsync(CancellationToken cancellationToken)
    {
        if (!_closeWritten && _fromInstance.IsBetweenFrames)
        {
            _closeWritten = true;
            await _client.WriteAsync(CloseToClient, cancellationToken);
            await _client.FlushAsync(cancellationToken);
        }
    }
}
