using System.Buffers;
using Dashboard.Web.Live.Frames;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Dashboard.Tests.Web.Live;

/// <summary>Parses frames off the wire as a viewer does.</summary>
internal sealed class FrameReader : IInvocationBinder
{
    private static readonly MessagePackHubProtocol Protocol = new();

    public static List<object> Read(byte[] bytes)
    {
        var frames = new List<object>();
        var rest = new ReadOnlySequence<byte>(bytes);
        while (Protocol.TryParseMessage(ref rest, new FrameReader(), out var message))
        {
            frames.Add(((InvocationMessage)message).Arguments[0]!);
        }

        return frames;
    }

    public IReadOnlyList<Type> GetParameterTypes(string methodName) => [methodName == "topology" ? typeof(TopologyFrame) : typeof(ServiceFrame)];

    public Type GetReturnType(string invocationId) => typeof(object);

    public Type GetStreamItemType(string streamId) => typeof(object);
}
