using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Discovery;

/// <summary>One target of Prometheus with its labels, as HTTP service discovery wants it.</summary>
/// <param name="Targets">Host and port.</param>
/// <param name="Labels">Names and values; nothing that is unknown. In ordinal order, so that an unchanged registry gives the same bytes.</param>
internal sealed record TargetGroupDocument(IReadOnlyList<string> Targets, IReadOnlyDictionary<string, string> Labels);

/// <summary>
/// Maps instances to targets. Every registered instance is one, whatever its intent and health: one that drains, or does not answer its check, is the one whose metrics are wanted.
/// </summary>
internal static class PrometheusTargets
{
    /// <summary>In an instance's metadata: <c>false</c> leaves it out.</summary>
    public const string ScrapeKey = "prometheus.io/scrape";

    /// <summary>In an instance's metadata: the port that tells its metrics, where that is not the one it serves on.</summary>
    public const string PortKey = "prometheus.io/port";

    /// <summary>In an instance's metadata: the path of its metrics, where that is not <c>/metrics</c>.</summary>
    public const string PathKey = "prometheus.io/path";

    /// <summary>In an instance's metadata: <c>https</c>, where its metrics are told under TLS.</summary>
    public const string SchemeKey = "prometheus.io/scheme";

    private const string Prefix = "__meta_mesh_";

    /// <summary>Targets ordered by service and instance id.</summary>
    /// <param name="services">Only those of these services; null = of all.</param>
    /// <param name="name">Only those of services in this namespace; null = in any.</param>
    public static IEnumerable<TargetGroupDocument> Of(RegistrySnapshot snapshot, ImmutableHashSet<string>? services, string? name) =>
        snapshot.Services.Values
            .Where(service => (services is null || services.Contains(service.Name)) && (name is null || NamespaceOf(service.Name) == name))
            .OrderBy(service => service.Name, StringComparer.Ordinal)
            .SelectMany(Of);

    private static IEnumerable<TargetGroupDocument> Of(ServiceSnapshot service)
    {
        var serving = service.Serving.Endpoints.Select(endpoint => endpoint.Id).ToHashSet(StringComparer.Ordinal);
        return service.Instances.Values
            .Where(instance => !"false".Equals(instance.Registration.Metadata.GetValueOrDefault(ScrapeKey), StringComparison.OrdinalIgnoreCase))
            .Select(instance => new TargetGroupDocument([Address(instance.Registration)], Labels(service, instance, serving.Contains(instance.Id))));
    }

    private static string Address(Registration registration)
    {
        var port = int.TryParse(registration.Metadata.GetValueOrDefault(PortKey), NumberStyles.None, CultureInfo.InvariantCulture, out var own) && own is > 0 and <= 65535 ? own : registration.Port;
        return registration.Address.Contains(':') ? $"[{registration.Address}]:{port}" : $"{registration.Address}:{port}";
    }

    private static SortedDictionary<string, string> Labels(ServiceSnapshot service, Instance instance, bool serving)
    {
        var registration = instance.Registration;
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        // Prometheus takes these two as they are; all others are for relabelling.
        Add("__metrics_path__", registration.Metadata.GetValueOrDefault(PathKey) is { } path && path.StartsWith('/') ? path : null);
        Add("__scheme__", registration.Metadata.GetValueOrDefault(SchemeKey) is "http" or "https" ? registration.Metadata[SchemeKey] : null);
        Add($"{Prefix}service", service.Name);
        Add($"{Prefix}namespace", NamespaceOf(service.Name));
        Add($"{Prefix}protocol", Word(service.Settings.Protocol));
        Add($"{Prefix}instance", instance.Id);
        Add($"{Prefix}address", registration.Address);
        Add($"{Prefix}port", registration.Port.ToString(CultureInfo.InvariantCulture));
        Add($"{Prefix}zone", registration.Zone);
        Add($"{Prefix}node", registration.Node);
        Add($"{Prefix}version", registration.Version);
        Add($"{Prefix}intent", Word(instance.EffectiveIntent.Kind));
        Add($"{Prefix}health", Word(instance.HealthStatus));
        Add($"{Prefix}serving", serving ? "true" : "false");
        Add($"{Prefix}weight", instance.EffectiveWeight.ToString(CultureInfo.InvariantCulture));
        foreach (var (key, value) in registration.Metadata)
        {
            Add($"{Prefix}metadata_{LabelName(key)}", value);
            Add($"{Prefix}metadatapresent_{LabelName(key)}", "true");
        }

        return labels;

        void Add(string label, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                labels[label] = value;
        }
    }

    private static string? NamespaceOf(string service) => service.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? service[(dot + 1)..] : null;

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    // What a label's name may not hold becomes an underscore, as with Prometheus' own discoveries.
    private static string LabelName(string key)
    {
        var name = new StringBuilder(key.Length);
        foreach (var letter in key)
            name.Append(char.IsAsciiLetterOrDigit(letter) ? letter : '_');

        return name.ToString();
    }
}
