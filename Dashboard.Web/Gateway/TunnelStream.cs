namespace Dashboard.Web.Gateway;

/// <summary>The client's side of a WebSocket: read to send to the instance, written with what the instance sends.</summary>
internal sealed class TunnelStream : Stream
{
    // FIN and opcode 8, two bytes of payload: 1001, "going away" (RFC 6455, 5.5.1 and 7.4.1).
    private static readonly byte[] CloseToClient = [0x88, 0x02, 0x03, 0xE9];

    // The same as a client sends it: masked, here with a mask of zero.
    private static readonly byte[] CloseToInstance = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9];

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
                _fromClient.Advance(buffer.Span[..read]);
                return read;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
            }
        }

        if (buffer.Length < CloseToInstance.Length)
        {
            throw new OperationCanceledException();
        }

        _closeRead = true;
        CloseToInstance.CopyTo(buffer);
        return CloseToInstance.Length;
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

            await _client.WriteAsync(buffer, cancellationToken);
            _fromInstance.Advance(buffer.Span);
            if (_tunnel.Closing.IsCancellationRequested)
            {
                await WriteCloseAsync(cancellationToken);
            }
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
