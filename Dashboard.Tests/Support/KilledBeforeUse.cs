using System.Net;
using System.Net.Sockets;

namespace Dashboard.Tests.Support;

/// <summary>
/// A peer that is killed between the connection and its first use, a number of times, and once while its answer is read: what comes of that is a bare <see cref="SocketException"/>, which SocketsHttpHandler lets through as
/// it is. After that the real peer answers.
/// </summary>
internal sealed class KilledBeforeUse(int times) : DelegatingHandler(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
{
    private int _asked;

    /// <summary>How many requests were made.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>Whether the request after those times gets an answer that breaks off.</summary>
    public bool ThenWhileItIsRead { get; init; }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _asked);
        return number <= times ? Task.FromException<HttpResponseMessage>(Gone())
            : ThenWhileItIsRead && number == times + 1 ? Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new BrokenStream()) })
            : base.SendAsync(request, cancellationToken);
    }

    private static SocketException Gone() => new((int)SocketError.NotConnected);

    private sealed class BrokenStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => throw Gone();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
