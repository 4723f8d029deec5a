using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Dashboard.Tests.Web.Live;

/// <summary>SignalR's MessagePack, counting how often each message is encoded.</summary>
internal sealed class CountingProtocol : IHubProtocol
{
    private readonly MessagePackHubProtocol _inner = new();
    private readonly ConcurrentDictionary<InvocationMessage, int> _encodings = new(ReferenceEqualityComparer.Instance);

    /// <summary>For each encoded invocation, how often.</summary>
    public IReadOnlyCollection<int> Encodings => [.. _encodings.Values];

    public string Name => _inner.Name;

    public int Version => _inner.Version;

    public TransferFormat TransferFormat => _inner.TransferFormat;

    public ReadOnlyMemory<byte> GetMessageBytes(HubMessage message)
    {
        Count(message);
        return _inner.GetMessageBytes(message);
    }

    public bool IsVersionSupported(int version) => _inner.IsVersionSupported(version);

    public bool TryParseMessage(ref ReadOnlySequence<byte> input, IInvocationBinder binder, [NotNullWhen(true)] out HubMessage? message) =>
        _inner.TryParseMessage(ref input, binder, out message);

    public void WriteMessage(HubMessage message, IBufferWriter<byte> output)
    {
        Count(message);
        _inner.WriteMessage(message, output);
    }

    private void Count(HubMessage message)
    {
        if (message is InvocationMessage invocation)
        {
            _encodings.AddOrUpdate(invocation, 1, (_, count) => count + 1);
        }
    }
}
