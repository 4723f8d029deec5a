using System.Net.Sockets;

namespace Dashboard.Core.Health;

/// <summary>What every kind of probe shares: the timeout and how failures read.</summary>
internal static class ProbeRun
{
    /// <summary>Runs one look at a target. A failure or the timeout is a critical result.</summary>
    /// <param name="look">Returns the outcome and what was seen.</param>
    public static async Task<ProbeResult> MeasureAsync(
        TimeProvider time,
        ProbeTarget target,
        Func<ProbeTarget, CancellationToken, ValueTask<(CheckOutcome Outcome, string Output)>> look,
        CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(target.Check.Timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            var (outcome, output) = await look(target, stop.Token).ConfigureAwait(false);
            var took = time.GetElapsedTime(started);
            return new(outcome, Evidence.Clean($"{output} in {Evidence.Milliseconds(took)}"), took);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            var output = timeout.IsCancellationRequested
                ? $"no answer within {Evidence.Milliseconds(target.Check.Timeout)}"
                : Describe(failure);
            return new(CheckOutcome.Critical, Evidence.Clean(output), time.GetElapsedTime(started));
        }
    }

    private static string Describe(Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException socket)
            {
                return socket.SocketErrorCode switch
                {
                    SocketError.ConnectionRefused => "connection refused",
                    SocketError.ConnectionReset => "connection reset",
                    SocketError.HostUnreachable => "host unreachable",
                    SocketError.NetworkUnreachable => "network unreachable",
                    SocketError.TooManyOpenSockets => "not probed: the console has no free file descriptor",
                    _ => socket.Message,
                };
            }
        }

        return failure.Message;
    }
}
