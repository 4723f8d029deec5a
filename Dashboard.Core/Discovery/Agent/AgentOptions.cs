using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace Dashboard.Core.Discovery.Agent;

/// <summary>Where HAProxy's agent checks are answered.</summary>
public sealed record AgentOptions
{
    /// <summary>TCP listens on each; empty: the responder is off.</summary>
    public ImmutableArray<IPEndPoint> Endpoints { get; init; } = [new(IPAddress.Loopback, 5054)];

    /// <summary>Connections at once; a further one is closed at once, which HAProxy takes for no answer and so for no change.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>How long a client may take to send its line and to take the answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Reads <c>Agent:Endpoint</c> (one or several, comma-separated; empty or <c>off</c> turns it off).</summary>
    /// <exception cref="InvalidOperationException">It is no address with a port.</exception>
    public static AgentOptions From(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration["Agent:Endpoint"] is { } text ? new() { Endpoints = ListenEndpoints.Parse("Agent:Endpoint", text) } : new();
    }
}
