using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>Where DNS listens and what it says of its zone.</summary>
public sealed record DnsOptions
{
    public const int MaxTtl = 86_400;

    /// <summary>UDP and TCP listen on each; empty: DNS is off. Answers leave from the address that was asked only if that address is named here, so name addresses rather than 0.0.0.0 on a host with several.</summary>
    public ImmutableArray<IPEndPoint> Endpoints { get; init; } = [new(IPAddress.Loopback, 5053)];

    /// <summary>The zone that is answered for, lower case and without the closing dot.</summary>
    public string Zone { get; init; } = "mesh";

    /// <summary>Seconds that an answer may be cached, 0-86400. 0: every lookup asks, so that a drain is seen at once.</summary>
    public int Ttl { get; init; }

    /// <summary>Seconds that "no such name" and "no such record" may be cached, 0-86400.</summary>
    public int NegativeTtl { get; init; }

    /// <summary>UDP answers a second to one source network (/24 of IPv4, /56 of IPv6); above it every second answer is an empty one that asks the client to come back over TCP, the others are dropped. 0 = no limit.</summary>
    public int RateLimit { get; init; } = 2000;

    /// <summary>Networks without a rate limit.</summary>
    public ImmutableArray<IPNetwork> RateLimitExempt { get; init; } = [new(IPAddress.Parse("127.0.0.0"), 8), new(IPAddress.IPv6Loopback, 128)];

    /// <summary>TCP connections at once; a further one is closed at once.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>TCP connections at once from one address.</summary>
    public int MaxConnectionsPerClient { get; init; } = 128;

    /// <summary>A TCP connection that does not complete a question, or does not take an answer, within this time is closed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Reads <c>Dns:Endpoint</c> (one or several, comma-separated; empty or <c>off</c> turns DNS off), <c>Dns:Zone</c>, <c>Dns:Ttl</c>, <c>Dns:NegativeTtl</c> (default: the same), <c>Dns:RateLimit</c> and <c>Dns:RateLimitExempt</c> (networks, comma-separated).</summary>
    /// <exception cref="InvalidOperationException">A key's value cannot be used; the message names it.</exception>
    public static DnsOptions From(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var defaults = new DnsOptions();
        var ttl = Number(configuration, "Dns:Ttl", defaults.Ttl, MaxTtl);
        return defaults with
        {
            Endpoints = configuration["Dns:Endpoint"] is { } text ? ListenEndpoints.Parse("Dns:Endpoint", text) : defaults.Endpoints,
            Zone = ZoneName(configuration["Dns:Zone"] ?? defaults.Zone),
            Ttl = ttl,
            NegativeTtl = Number(configuration, "Dns:NegativeTtl", ttl, MaxTtl),
            RateLimit = Number(configuration, "Dns:RateLimit", defaults.RateLimit, 1_000_000),
            RateLimitExempt = configuration["Dns:RateLimitExempt"] is { } networks ? Networks(networks) : defaults.RateLimitExempt,
        };
    }

    private static int Number(IConfiguration configuration, string key, int fallback, int max) =>
        configuration[key] is not { Length: > 0 } text ? fallback
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max ? number
        : throw new InvalidOperationException($"{key} is not a whole number from 0 to {max}: {text}");

    private static string ZoneName(string text)
    {
        var zone = text.TrimEnd('.').ToLowerInvariant();
        var labels = zone.Split('.');
        return zone.Length is > 0 and <= 100 && labels.All(label => label.Length is > 0 and <= 63 && label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
            ? zone
            : throw new InvalidOperationException($"Dns:Zone is not a domain name of at most 100 characters: {text}");
    }

    private static ImmutableArray<IPNetwork> Networks(string text)
    {
        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var wrong = parts.Where(part => !IPNetwork.TryParse(part, out _)).ToArray();
        return wrong.Length == 0
            ? [.. parts.Select(IPNetwork.Parse)]
            : throw new InvalidOperationException($"Dns:RateLimitExempt holds something that is not a network like 10.0.0.0/8: {string.Join(", ", wrong)}");
    }
}
