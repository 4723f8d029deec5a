using System.Net;

namespace Dashboard.Web.Demo;

/// <summary>Where the demo mesh finds the console and the gateway, and where it listens.</summary>
public sealed record DemoOptions
{
    /// <summary>Base address of the console's HTTP API.</summary>
    public required Uri ConsoleUrl { get; init; }

    /// <summary>Base address of the gateway, HTTP/1.1.</summary>
    public required Uri GatewayUrl { get; init; }

    /// <summary>Service <c>orders</c> is asked for as host <c>orders.{Suffix}</c>.</summary>
    public string Suffix { get; init; } = "localhost";

    /// <summary>Bearer token for the console's HTTP API; null sends none.</summary>
    public string? Token { get; init; }

    /// <summary>Address that the demo's servers bind to.</summary>
    public IPAddress ListenAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Address that the instances register; null: the listen address, or where that is any address, the local address by which the console is reached.</summary>
    public IPAddress? AdvertiseAddress { get; init; }

    /// <summary>Scales the load: 1 is 8 to 40 user requests per second, about four times as many through the gateway; 0 is none.</summary>
    public double Load { get; init; } = 1;

    /// <summary>
    /// Whether the instances leave the registry when the mesh stops. A demo in the console's own process does not: its console stops with it and
    /// takes them over under the same ids at the next start.
    /// </summary>
    public bool DeregisterOnStop { get; init; }

    /// <summary>Reads <c>Console:Url</c>, <c>Console:Token</c>, <c>Gateway:Suffix</c> and the <c>Demo:*</c> keys for a demo that runs as a process of its own.</summary>
    /// <exception cref="InvalidOperationException">A key holds no address, or no number.</exception>
    public static DemoOptions From(IConfiguration configuration) => new()
    {
        ConsoleUrl = Url(configuration, "Console:Url", "http://127.0.0.1:5080"),
        GatewayUrl = Url(configuration, "Demo:GatewayUrl", "http://127.0.0.1:5082"),
        Suffix = configuration["Gateway:Suffix"] ?? "localhost",
        Token = configuration["Console:Token"],
        ListenAddress = Address(configuration, "Demo:ListenAddress") ?? IPAddress.Loopback,
        AdvertiseAddress = Address(configuration, "Demo:AdvertiseAddress"),
        Load = configuration.GetValue("Demo:Load", 1.0),
        DeregisterOnStop = true,
    };

    private static Uri Url(IConfiguration configuration, string key, string fallback)
    {
        var text = configuration[key] ?? fallback;
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new InvalidOperationException($"{key} is not an http address: {text}");
    }

    private static IPAddress? Address(IConfiguration configuration, string key) =>
        configuration[key] is not { Length: > 0 } text ? null
        : IPAddress.TryParse(text, out var address) ? address
        : throw new InvalidOperationException($"{key} is not an IP address: {text}");
}
