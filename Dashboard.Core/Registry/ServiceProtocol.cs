namespace Dashboard.Core.Registry;

/// <summary>What a service's instances speak.</summary>
public enum ServiceProtocol
{
    /// <summary>HTTP/1.1, WebSockets included.</summary>
    Http,

    /// <summary>HTTP/2 without TLS, by prior knowledge.</summary>
    Http2,

    /// <summary>gRPC: HTTP/2 with trailers.</summary>
    Grpc,

    /// <summary>Any other stream; the gateway does not carry it.</summary>
    Tcp,
}
