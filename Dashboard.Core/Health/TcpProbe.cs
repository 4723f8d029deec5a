using System.Net.Sockets;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>A TCP connection is accepted. It is closed by a reset, so that thousands of probes leave no TIME_WAIT behind.</summary>
public sealed class TcpProbe(TimeProvider time) : IProbe
{
    public CheckKind Kind => CheckKind.Tcp;

    public Task<ProbeResult> ProbeAsync(ProbeTarget target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        return ProbeRun.MeasureAsync(time, target, LookAsync, cancellationToken);
    }

    private static async ValueTask<(CheckOutcome Outcome, string Output)> LookAsync(ProbeTarget target, CancellationToken cancellationToken)
    {
        using var socket = new Socket(target.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.LingerState = new(true, 0);
        await socket.ConnectAsync(target.EndPoint, cancellationToken).ConfigureAwait(false);
        return (CheckOutcome.Passing, "connected");
    }
}
