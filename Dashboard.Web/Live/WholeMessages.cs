using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Dashboard.Web.Live;

/// <summary>
/// Lets a frame that fits go through a connection in one piece. Else the connection's buffer cuts it into blocks of 4 KB, each of which becomes a fragment on the wire with a copy and a system call of its own,
/// for every viewer.
/// </summary>
internal static class WholeMessages
{
    // What is larger goes in blocks: a full frame in one piece would take large arrays from the shared pool.
    private const int Largest = 32 * 1024;

    public static IConnectionBuilder UseWholeMessages(this IConnectionBuilder builder) => builder.Use(next => connection =>
    {
        connection.Transport = new Duplex(connection.Transport.Input, new Writer(connection.Transport.Output));
        return next(connection);
    });

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    private sealed class Writer(PipeWriter inner) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
        {
            if (source.Length > Largest)
            {
                return inner.WriteAsync(source, cancellationToken);
            }

            source.Span.CopyTo(inner.GetSpan(source.Length));
            inner.Advance(source.Length);
            return inner.FlushAsync(cancellationToken);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }
}
