using System.IO.Pipelines;

namespace Dashboard.Web.Http;

/// <summary>
/// Writes bodies to clients that may not read. What a write hands over is kept by the server until the client takes it, so a large body goes out in pieces, each after the one before was
/// taken: a client that does not read costs one piece and not the body. One that does not take a piece within <see cref="Limit"/> is given up.
/// </summary>
internal static class PacedBody
{
    /// <summary>Bytes that are handed over at once: what the server is told to keep for a connection, so that what is usual (the endpoints of 80 instances) goes out as one.</summary>
    public const int Piece = 32 * 1024;

    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Writes all of it.</summary>
    /// <exception cref="TimeoutException">The client does not read: its connection is to be aborted.</exception>
    public static async ValueTask WriteAsync(PipeWriter writer, ReadOnlyMemory<byte> bytes, TimeProvider time, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var piece = bytes[..Math.Min(Piece, bytes.Length)];
            bytes = bytes[piece.Length..];
            var write = writer.WriteAsync(piece, cancellationToken);
            if (!write.IsCompletedSuccessfully)
                await write.AsTask().WaitAsync(Limit, time, cancellationToken);
        }
    }

    /// <summary>Sends what was written to the writer without being flushed.</summary>
    /// <exception cref="TimeoutException">The client does not read: its connection is to be aborted.</exception>
    public static async ValueTask FlushAsync(PipeWriter writer, TimeProvider time, CancellationToken cancellationToken)
    {
        var flush = writer.FlushAsync(cancellationToken);
        if (!flush.IsCompletedSuccessfully)
            await flush.AsTask().WaitAsync(Limit, time, cancellationToken);
    }
}
