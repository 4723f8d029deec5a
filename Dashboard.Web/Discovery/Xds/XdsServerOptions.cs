using System.Net;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Xds;

namespace Dashboard.Web.Discovery.Xds;

/// <summary>Where xDS is served and to whom; section <c>Xds</c> of the configuration.</summary>
public sealed record XdsServerOptions
{
    private const string Default = "http://127.0.0.1:5081";

    /// <summary>Where it listens, HTTP/2 only; empty: nowhere.</summary>
    public IReadOnlyList<Uri> Urls { get; init; } = [new(Default)];

    /// <summary>Certificate of the server, a PEM file; with an https URL.</summary>
    public string? Certificate { get; init; }

    /// <summary>Its key, a PEM file; null: in the same file.</summary>
    public string? Key { get; init; }

    /// <summary>Who signs the certificates of clients that need no token, a PEM file; null: nobody.</summary>
    public string? ClientAuthority { get; init; }

    /// <summary>What clients are told.</summary>
    public XdsOptions Resources { get; init; } = new();

    /// <summary>Reads the keys.</summary>
    /// <exception cref="InvalidOperationException">A value cannot be used; the message names its key.</exception>
    public static XdsServerOptions From(IConfiguration configuration)
    {
        var section = configuration.GetSection(XdsOptions.Section);
        var defaults = new XdsOptions();
        var egress = section["Egress"] is { } text ? ListenEndpoints.Parse("Xds:Egress", text) : [defaults.Egress!];
        var options = new XdsServerOptions
        {
            Urls = Parse(section["Url"] ?? Default),
            Certificate = section["Certificate"],
            Key = section["Key"],
            ClientAuthority = section["ClientAuthority"],
            Resources = new()
            {
                Egress = egress is [var one, ..] ? one : null,
                Zone = configuration["Dns:Zone"]?.Trim('.') ?? defaults.Zone,
                LoadReportInterval = Interval(section["LoadReportInterval"]) ?? defaults.LoadReportInterval,
            },
        };
        if (options.Urls.Any(url => url.Scheme == Uri.UriSchemeHttps) && options.Certificate is null)
            throw new InvalidOperationException("Xds:Url is an https address and wants Xds:Certificate (and Xds:Key), PEM files.");

        return options;
    }

    private static Uri[] Parse(string text)
    {
        if (text.Trim().Equals("off", StringComparison.OrdinalIgnoreCase))
            return [];

        var parts = text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var wrong = parts.Where(part => One(part) is null).ToArray();
        return wrong.Length == 0
            ? [.. parts.Select(part => One(part)!)]
            : throw new InvalidOperationException($"Xds:Url is not an address to listen on like http://127.0.0.1:5081: {string.Join("; ", wrong)}. Give an IP address, localhost or *.");
    }

    private static Uri? One(string part) =>
        Uri.TryCreate(part.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var url)
        && url.Scheme is "http" or "https" && (IPAddress.TryParse(url.Host.Trim('[', ']'), out _) || url.IsLoopback)
            ? url
            : null;

    private static TimeSpan? Interval(string? text) => string.IsNullOrWhiteSpace(text) ? null
        : TimeSpan.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var interval) && interval >= TimeSpan.FromMilliseconds(100) && interval <= TimeSpan.FromMinutes(1) ? interval
        : throw new InvalidOperationException($"Xds:LoadReportInterval is not a time of 0.1 s to 1 min like 00:00:01: {text}");
}
