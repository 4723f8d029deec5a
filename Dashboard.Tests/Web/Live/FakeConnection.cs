using System.Buffers;
using System.IO.Pipelines;
using Dashboard.Web.Live;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Web.Live;

/// <summary>A hub connection whose other end the test holds: it reads when the test says so, or never.</summary>
internal sealed class FakeConnection
{
    private readonly Pipe _toViewer;
    private readonly Pipe _fromViewer = new();

    /// <param name="room">Bytes that fit into the connection's buffers.</param>
    public FakeConnection(TimeProvider time, IHubProtocol protocol, int room = 1024)
    {
        _toViewer = new(new PipeOptions(pauseWriterThreshold: room, resumeWriterThreshold: room / 2, useSynchronizationContext: false));
        var transport = new Duplex(_fromViewer.Reader, _toViewer.Writer);
        var connection = new DefaultConnectionContext(Guid.NewGuid().ToString(), transport, transport);
        Hub = new(connection, new HubConnectionContextOptions { KeepAliveInterval = TimeSpan.FromDays(1), ClientTimeoutInterval = TimeSpan.FromDays(1) }, NullLoggerFactory.Instance) { Protocol = protocol };
        Viewer = new(Hub, time);
    }

    public HubConnectionContext Hub { get; }

    public LiveViewer Viewer { get; }

    /// <summary>Takes what has arrived off the wire.</summary>
    public byte[] ReadBytes()
    {
        if (!_toViewer.Reader.TryRead(out var result))
        {
            return [];
        }

        var bytes = result.Buffer.ToArray();
        _toViewer.Reader.AdvanceTo(result.Buffer.End);
        return bytes;
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
