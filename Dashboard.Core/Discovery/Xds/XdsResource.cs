using System.Buffers.Text;
using System.Security.Cryptography;
using Envoy.Service.Discovery.V3;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>One resource, encoded once and sent as the same bytes to every stream. Immutable.</summary>
public sealed class XdsResource
{
    private const int VersionBytes = 8;

    private XdsResource(XdsType type, string name, ByteString bytes)
    {
        Type = type;
        Name = name;
        // Derived from the bytes, so that a client that reconnects, also to another console or after a restart, is sent only what differs.
        Version = Base64Url.EncodeToString(SHA256.HashData(bytes.Span).AsSpan(0, VersionBytes));
        Any = new Any { TypeUrl = XdsTypes.Url(type), Value = bytes };
        Versioned = new Resource { Name = name, Version = Version, Resource_ = Any };
    }

    public XdsType Type { get; }

    public string Name { get; }

    /// <summary>Tells contents apart: equal for equal bytes.</summary>
    public string Version { get; }

    /// <summary>The bytes' length.</summary>
    public int Size => Any.Value.Length;

    /// <summary>As state-of-the-world responses carry it. Shared: never changed.</summary>
    internal Any Any { get; }

    /// <summary>As delta responses carry it. Shared: never changed.</summary>
    internal Resource Versioned { get; }

    public static XdsResource Of(XdsType type, string name, IMessage message) => new(type, name, message.ToByteString());

    /// <summary>The encoded message.</summary>
    public ByteString Bytes => Any.Value;
}
