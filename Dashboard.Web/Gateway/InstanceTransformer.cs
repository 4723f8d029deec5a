using System.Net;
using Yarp.ReverseProxy.Forwarder;

namespace Dashboard.Web.Gateway;

/// <summary>What an instance gets: the request as the client sent it, with the client's host, and the client's address in <c>X-Forwarded-For</c>.</summary>
internal sealed class InstanceTransformer : HttpTransformer
{
    public static readonly InstanceTransformer Instance = new();
    private const string ForwardedFor = "X-Forwarded-For";
    private const string ForwardedProto = "X-Forwarded-Proto";

    private InstanceTransformer()
    {
    }

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.Headers.Host = httpContext.Request.Host.Value;
        if (httpContext.Connection.RemoteIpAddress is { } client)
        {
            // After what the proxies before this one said.
            proxyRequest.Headers.TryAddWithoutValidation(ForwardedFor, Text(client));
        }

        if (!httpContext.Request.Headers.ContainsKey(ForwardedProto))
        {
            proxyRequest.Headers.TryAddWithoutValidation(ForwardedProto, httpContext.Request.Scheme);
        }
    }

    // Most callers are sidecars and processes of the same host.
    private static string Text(IPAddress client) => IPAddress.Loopback.Equals(client) ? "127.0.0.1" : client.ToString();
}
