using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>The records of one service as its serving set has it: of the whole, of each zone and of each version.</summary>
internal sealed class DnsService(ServingSet set, DnsAuthority authority)
{
    private readonly DnsAuthority _authority = authority;
    private Dictionary<string, DnsRecordSet>? _parts;

    public ServingSet Set { get; } = set;

    public DnsRecordSet Whole { get; } = new(set.Service, set.Endpoints, authority);

    /// <summary>The part that a prefix like <c>zone-a.zone</c> or <c>v2.version</c> names, if anything serves in it.</summary>
    public DnsRecordSet? Part(ReadOnlySpan<char> prefix) =>
        (_parts ??= Divide()).GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(prefix, out var part) ? part : null;

    private Dictionary<string, DnsRecordSet> Divide()
    {
        Dictionary<string, DnsRecordSet> parts = new(StringComparer.Ordinal);
        Add(DnsPresence.Zone, endpoint => endpoint.Zone);
        Add(DnsPresence.Version, endpoint => endpoint.Version);
        return parts;

        void Add(string kind, Func<ServingEndpoint, string?> value)
        {
            foreach (var group in Set.Endpoints.Where(endpoint => value(endpoint) is not null).GroupBy(endpoint => DnsPresence.Prefix(value(endpoint)!, kind)))
            {
                parts[group.Key] = new(Set.Service, group, _authority);
            }
        }
    }
}
