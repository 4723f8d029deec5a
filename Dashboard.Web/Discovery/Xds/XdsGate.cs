using System.Net;
using Envoy.Config.Core.V3;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Dashboard.Web.Discovery.Xds;

/// <summary>Who may follow: everyone on this host; from beyond it who has a certificate that the authority signed, or a token.</summary>
internal sealed class XdsGate(Func<string, bool> isToken)
{
    private const string Bearer = "Bearer ";
    private const string TokenField = "token";
    private const int MaximumId = 256;

    /// <summary>Lets the client in by its connection, its headers and its first message, and gives the name that it follows under and its address.</summary>
    /// <exception cref="RpcException">It may not, or gives no name.</exception>
    public (string Id, string? Address) Admit(HttpContext http, Node? node)
    {
        var connection = http.Connection;
        if (!IsLocal(connection) && connection.ClientCertificate is null && !HasToken(http.Request.Headers.Authorization.ToString(), node))
        {
            throw new RpcException(new(
                StatusCode.Unauthenticated,
                "xDS from another host wants a client certificate, or a token: the header 'authorization: Bearer TOKEN', or the node metadata field 'token'."));
        }

        if (node is not { Id.Length: > 0 and <= MaximumId } || node.Id.Any(char.IsControl))
            throw new RpcException(new(StatusCode.InvalidArgument, $"The first message must carry a node with an id of 1 to {MaximumId} characters: it is the name that the client follows under."));

        return (node.Id, connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4().ToString() : connection.RemoteIpAddress?.ToString());
    }

    // Both ends: what comes through a port that is open to others is not from here, whatever it looks like.
    private static bool IsLocal(ConnectionInfo connection) =>
        connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote) && connection.LocalIpAddress is { } local && IPAddress.IsLoopback(local);

    private bool HasToken(string header, Node? node) =>
        (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && isToken(header[Bearer.Length..].Trim()))
        || (node?.Metadata?.Fields.TryGetValue(TokenField, out var value) == true && value.KindCase == Value.KindOneofCase.StringValue && isToken(value.StringValue));
}
