using System.Globalization;
using System.Net;
using Dashboard.Core.Attention;
using Dashboard.Core.Health;
using Dashboard.Core.Postgres;
using Dashboard.Web.Demo;
using Dashboard.Web.Discovery.Agent;
using Dashboard.Web.Discovery.Dns;
using Dashboard.Web.Discovery.Xds;
using Dashboard.Web.Gateway;
using Dashboard.Web.Gateway.Remote;
using Dashboard.Web.Replicas;

namespace Dashboard.Web;

/// <summary>
/// What is wrong with the settings, all of it at once and before anything is started. A setting that does not exist is a fault too: left unread, a misspelt
/// connection string would start a registry of its own. Values that may be secret are not repeated.
/// </summary>
public static class StartSettings
{
    private const int MostDays = 36_500;

    // Null: its feature looks at the names by itself.
    private static readonly Dictionary<string, string[]?> Sections = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Agent"] = ["Endpoint"],
        [AttentionConfiguration.Section] = null,
        ["Audit"] = ["RetentionDays"],
        ["Auth"] = ["AdminToken"],
        ["ConnectionStrings"] = ["Registry", "RegistryOwner"],
        [ConsoleOptions.Section] = PropertiesOf<ConsoleOptions>(),
        ["Data"] = ["Directory"],
        ["Demo"] = ["AdvertiseAddress", "GatewayUrl", "ListenAddress", "Load"],
        ["Dns"] = ["Endpoint", "NegativeTtl", "RateLimit", "RateLimitExempt", "Ttl", "Zone"],
        [GatewayOptions.Section] = PropertiesOf<GatewayOptions>(),
        ["Health"] = ["AllowedNetworks", "MaxConcurrentProbes"],
        ["History"] = ["RetentionDays"],
        ["Replica"] = ["LeaseSeconds", "Url"],
        ["Xds"] = ["Certificate", "ClientAuthority", "Egress", "Key", "LoadReportInterval", "Url"],
    };

    // What the host, Kestrel and logging read, by the first part of the key.
    private static readonly HashSet<string> Foreign = new(StringComparer.OrdinalIgnoreCase)
    {
        "AllowedHosts", "applicationName", "contentRoot", "detailedErrors", "environment", "http_ports", "https_ports", "Kestrel", "Logging", "preferHostingUrls",
        "shutdownTimeoutSeconds", "Urls", "webRoot",
    };

    /// <summary>Every setting of the program's own; of a section that looks at its names by itself only <c>Section:</c>.</summary>
    internal static IEnumerable<string> Keys => Sections.SelectMany(section => (section.Value ?? [""]).Select(name => $"{section.Key}:{name}"));

    /// <summary>Whether a key of the command line is read by anything.</summary>
    internal static bool IsKnown(string key)
    {
        var first = key.Split(':')[0];
        return Sections.ContainsKey(first) || Foreign.Contains(first) || first.Equals("role", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The faults that keep a role from starting; empty: none.</summary>
    /// <param name="role"><c>console</c>, <c>gateway</c>, <c>demo</c> or <c>command</c>: values that it does not read are not looked at, names are.</param>
    public static IReadOnlyList<string> FaultsOf(IConfiguration configuration, string role)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var faults = new List<string>();
        Names(configuration, faults);
        switch (role)
        {
            case "console":
                Listener(configuration, "Auth:AdminToken", faults);
                Stores(configuration, faults);
                Console(configuration, faults);
                break;
            case "gateway":
                Listener(configuration, "Console:Token", faults);
                Reads(configuration, settings => (settings.GetSection(ConsoleOptions.Section).Get<ConsoleOptions>() ?? new()).Addresses, faults);
                break;
            case "demo":
                Reads(configuration, settings => DemoOptions.From(settings), faults);
                break;
            default:
                Stores(configuration, faults);
                break;
        }

        return faults;
    }

    private static void Listener(IConfiguration configuration, string token, List<string> faults)
    {
        Addresses(configuration, "Urls", faults, anyHost: true);
        Token(configuration, token, faults);
        Reads(configuration, settings => settings.GetSection(GatewayOptions.Section).Get<GatewayOptions>(), faults);
        Addresses(configuration, "Gateway:Url", faults, anyHost: false);
        Addresses(configuration, "Gateway:Http2Url", faults, anyHost: false);
    }

    private static void Stores(IConfiguration configuration, List<string> faults)
    {
        foreach (var name in Sections["ConnectionStrings"]!)
        {
            if (PostgresRegistryOptions.FaultOf(configuration.GetConnectionString(name)) is { } fault)
                faults.Add($"ConnectionStrings:{name}: {fault}");
        }

        if (string.IsNullOrEmpty(configuration.GetConnectionString("Registry")) && !string.IsNullOrEmpty(configuration.GetConnectionString("RegistryOwner")))
            faults.Add("ConnectionStrings:RegistryOwner: names an owner for ConnectionStrings:Registry, which is not given");
    }

    private static void Console(IConfiguration configuration, List<string> faults)
    {
        Days(configuration, "Audit:RetentionDays", faults);
        Days(configuration, "History:RetentionDays", faults);
        if (configuration["demo"] is { Length: > 0 } demo && !bool.TryParse(demo, out _))
            faults.Add($"demo: {demo} is neither true nor false");
        if (ReplicaAddress.FaultOf(configuration["Replica:Url"]) is { } replica)
            faults.Add(replica);

        // Each reads its section as it does when the console is built, into services that nobody uses.
        var nowhere = new ServiceCollection();
        Reads(configuration, nowhere.AddHealth, faults);
        Reads(configuration, nowhere.AddDns, faults);
        Reads(configuration, nowhere.AddAgentCheck, faults);
        Reads(configuration, settings => nowhere.AddXds(settings, _ => _ => false), faults);
        faults.AddRange(AttentionConfiguration.Read(configuration).Faults);
    }

    private static void Names(IConfiguration configuration, List<string> faults)
    {
        foreach (var (section, names) in Sections)
        {
            if (names is null)
                continue;

            foreach (var child in configuration.GetSection(section).GetChildren().Where(child => !names.Contains(child.Key, StringComparer.OrdinalIgnoreCase)))
                faults.Add($"{child.Path}: is no setting; known are {string.Join(", ", names)}");
        }
    }

    private static void Addresses(IConfiguration configuration, string key, List<string> faults, bool anyHost)
    {
        foreach (var part in (configuration[key] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // A wildcard host is none to Uri.
            var plain = part.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal);
            if (!Uri.TryCreate(plain, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                faults.Add($"{key}: {part} is not an address to listen on like http://127.0.0.1:5080");
            else if (!anyHost && !url.IsLoopback && !IPAddress.TryParse(url.Host.Trim('[', ']'), out _))
                faults.Add($"{key}: The gateway cannot listen on {part}: give an IP address, localhost or *");
        }
    }

    // It travels in a header, and in an address where somebody signs in.
    private static void Token(IConfiguration configuration, string key, List<string> faults)
    {
        if (configuration[key]?.Trim() is { Length: > 0 } token && token.Any(character => character is <= ' ' or > '~'))
            faults.Add($"{key}: must be printable ASCII without spaces, since it is sent in a header");
    }

    private static void Days(IConfiguration configuration, string key, List<string> faults)
    {
        if (configuration[key] is { Length: > 0 } text && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days <= MostDays))
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{key}: {text} is not a whole number of days from 0 (for ever) to {MostDays}"));
    }

    // A reader stops at its first fault and names the setting: it reads again without that one, until nothing is left that it cannot take.
    private static void Reads(IConfiguration configuration, Func<IConfiguration, object?> read, List<string> faults)
    {
        var settings = configuration;
        while (true)
        {
            try
            {
                _ = read(settings);
                return;
            }
            catch (Exception failure) when (failure is InvalidOperationException or FormatException)
            {
                faults.Add(failure.Message);
                if (NamedIn(failure.Message, settings) is not { } named)
                    return;
                settings = Without(settings, named);
            }
        }
    }

    /// <summary>The setting of the program that a message names first, among those that are given.</summary>
    private static string? NamedIn(string message, IConfiguration settings) => Sections.Where(section => section.Value is not null)
        .SelectMany(section => section.Value!.Select(name => $"{section.Key}:{name}"))
        .Where(key => settings.GetSection(key).Exists())
        .Select(key => (Key: key, At: message.IndexOf(key, StringComparison.OrdinalIgnoreCase)))
        .Where(found => found.At >= 0)
        // Of Dns:RateLimit and Dns:RateLimitExempt, which begin alike, the longer.
        .OrderBy(found => found.At).ThenByDescending(found => found.Key.Length)
        .Select(found => found.Key)
        .FirstOrDefault();

    private static IConfiguration Without(IConfiguration settings, string key) => new ConfigurationBuilder().AddInMemoryCollection(settings.AsEnumerable().Where(
        setting => !setting.Key.Equals(key, StringComparison.OrdinalIgnoreCase) && !setting.Key.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase))).Build();

    private static string[] PropertiesOf<T>() => [.. typeof(T).GetProperties().Where(property => property.SetMethod is { IsPublic: true }).Select(property => property.Name).Order(StringComparer.Ordinal)];
}
