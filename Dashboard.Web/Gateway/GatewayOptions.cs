namespace Dashboard.Web.Gateway;

/// <summary>How the gateway listens and forwards; section <c>Gateway</c> of the configuration.</summary>
public sealed class GatewayOptions
{
    public const string Section = "Gateway";

    /// <summary>Where it listens for HTTP/1.1 and WebSockets; several separated by <c>;</c>.</summary>
    public string Url { get; set; } = "http://127.0.0.1:5082";

    /// <summary>Where it listens for HTTP/2 without TLS (h2c), for gRPC. Empty: nowhere.</summary>
    public string Http2Url { get; set; } = "http://127.0.0.1:5083";

    /// <summary>Host <c>{service}.{Suffix}</c> reaches a service. Empty: the whole host is the service's name.</summary>
    public string Suffix { get; set; } = "localhost";

    /// <summary>The name it reports and acknowledges under; default <c>gateway@{machine}:{port}</c>.</summary>
    public string? Id { get; set; }

    /// <summary>How long a connection to an instance may take before another instance is tried.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>An exchange in which neither side sends anything for this long is ended. WebSockets and streams need a ping within it.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Three connect failures in a row keep an instance out of the choice for this long.</summary>
    public TimeSpan EjectFor { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Client connections at once, WebSockets included; more are closed at accept.</summary>
    public int MaximumConnections { get; set; } = 20_000;

    /// <summary>Callers that are told apart although the registry does not know them; further ones are counted as <c>unknown</c>.</summary>
    public int MaximumUnregisteredSources { get; set; } = 64;

    /// <summary>
    /// The file that a gateway of its own keeps its last catalog in; <c>off</c>: none. Default: one named after its id in <see cref="SnapshotDirectory"/>.
    /// </summary>
    public string? Snapshot { get; set; }

    /// <summary>A gateway does not start from a snapshot that was last current longer ago.</summary>
    public TimeSpan SnapshotMaximumAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Where the snapshot lies unless <see cref="Snapshot"/> says otherwise; null: none is kept.</summary>
    internal string? SnapshotDirectory { get; set; }

    /// <summary>The name that is known before the gateway listens; null where the port is any free one and no <see cref="Id"/> is given.</summary>
    internal string? Identity => Id is { Length: > 0 } ? Id : Urls is [{ Port: > 0 } first, ..] ? IdOf(first.Port) : null;

    /// <summary>The snapshot's file; null: none is kept.</summary>
    internal string? SnapshotPath =>
        Snapshot is "off" || Identity is not { } id ? null
        : Snapshot is { Length: > 0 } path ? Path.GetFullPath(path)
        : SnapshotDirectory is { } directory ? Path.Combine(directory, string.Concat(id.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '@' ? letter : '_')) + ".catalog")
        : null;

    internal Uri[] Urls => Parse(Url);

    internal Uri[] Http2Urls => Parse(Http2Url);

    internal static string IdOf(int port) => $"gateway@{Environment.MachineName}:{port}";

    // A wildcard host is none to Uri; Kestrel's words for it are mapped to the address that means the same.
    private static Uri[] Parse(string urls) =>
    [
        .. urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(url => new Uri(url.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal))),
    ];
}
