using System.Net;
using System.Runtime.CompilerServices;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>
/// The names below a service that exist whether or not anything serves there: a drained zone has no records, but it is no unknown name either
/// (RFC 8020: that would deny everything below it too).
/// </summary>
internal sealed class DnsPresence
{
    public const string Zone = "zone";
    public const string Version = "version";
    public const string Address = "addr";

    // Presences are derived when first asked for and live as long as the snapshot of which they speak.
    private static readonly ConditionalWeakTable<object, DnsPresence> Known = [];

    private readonly Dictionary<string, IPAddress?> _names = new(StringComparer.Ordinal);

    private DnsPresence(IEnumerable<(string Address, int Port, string? Zone, string? Version)> instances)
    {
        foreach (var (address, port, zone, version) in instances)
        {
            Add(zone, Zone);
            Add(version, Version);
            if (IPAddress.TryParse(address, out var parsed))
            {
                _names[Prefix(DnsName.AddressLabel(parsed), Address)] = parsed;
                _names[Prefix(DnsName.EndpointLabel(parsed, port), Address)] = parsed;
                _names.TryAdd(Address, null);
            }
        }
    }

    public static DnsPresence Of(ServiceSnapshot service) => Known.GetValue(service, static key => new(
        ((ServiceSnapshot)key).Instances.Values.Select(instance => (instance.Registration.Address, instance.Registration.Port, instance.Registration.Zone, instance.Registration.Version))));

    public static DnsPresence Of(ServingSet set) => Known.GetValue(set, static key => new(
        ((ServingSet)key).Endpoints.Select(endpoint => (endpoint.Address, endpoint.Port, endpoint.Zone, endpoint.Version))
            .Concat(((ServingSet)key).Leaving.Select(endpoint => (endpoint.Address, endpoint.Port, (string?)null, (string?)null)))));

    /// <summary>What stands before the service's name, for example <c>zone-a.zone</c>. Names are compared in lower case.</summary>
    public static string Prefix(string value, string kind) => $"{value.ToLowerInvariant()}.{kind}";

    /// <summary>Whether a prefix exists; with its address when it names one.</summary>
    public bool TryFind(ReadOnlySpan<char> prefix, out IPAddress? address) => _names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(prefix, out address);

    // A version like 1.2.3 is three labels: the names in between exist too.
    private void Add(string? value, string kind)
    {
        if (value is null)
            return;

        var name = Prefix(value, kind);
        while (_names.TryAdd(name, null) && name.IndexOf('.', StringComparison.Ordinal) is var dot and >= 0)
        {
            name = name[(dot + 1)..];
        }
    }
}
