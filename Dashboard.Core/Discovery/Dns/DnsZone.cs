using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>
/// What each name of the zone stands for at the newest catalog. Records are encoded when a name is first asked for and kept while its serving set stays the same: a change of
/// one service costs nothing for the others, and no answer is older than the catalog.
/// </summary>
internal sealed class DnsZone(DnsAuthority authority, Func<RegistrySnapshot?> registered)
{
    /// <summary>More labels than a name of 255 bytes can have.</summary>
    private const int MaxLabels = 128;

    private readonly DnsAuthority _authority = authority;
    private readonly Func<RegistrySnapshot?> _registered = registered;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly DnsRecordSet _server = new(authority.ServerAddresses, authority);
    private Namespaces _namespaces = new(ServingCatalog.Empty, []);

    /// <summary>Finds a name.</summary>
    /// <param name="wire">In wire form with the root label, as it was asked: compared without regard to case (RFC 4343).</param>
    public DnsMatch Find(ReadOnlySpan<byte> wire, ServingCatalog catalog)
    {
        Span<char> text = stackalloc char[DnsQuery.MaxName];
        Span<byte> starts = stackalloc byte[MaxLabels];
        var length = 0;
        var labels = 0;
        for (var at = 0; wire[at] != 0; at += wire[at] + 1)
        {
            if (labels > 0)
                text[length++] = '.';

            starts[labels++] = (byte)length;
            foreach (var letter in wire.Slice(at + 1, wire[at]))
            {
                // A dot inside a label would read as two labels.
                if (letter == '.')
                    return new(EndsWithZone(wire) ? DnsMatchKind.Missing : DnsMatchKind.Outside);

                text[length++] = letter is >= (byte)'A' and <= (byte)'Z' ? (char)(letter | 0x20) : (char)letter;
            }
        }

        ReadOnlySpan<char> name = text[..length];
        var relative = labels - _authority.ZoneLabels;
        if (relative < 0 || !name[starts[relative < labels ? relative : 0]..].SequenceEqual(_authority.Zone))
            return FindReverse(name, catalog);

        return relative == 0 ? new(DnsMatchKind.Apex) : FindBelow(name[..(starts[relative] - 1)], starts[..relative], catalog);
    }

    private DnsMatch FindBelow(ReadOnlySpan<char> name, ReadOnlySpan<byte> starts, ServingCatalog catalog)
    {
        var labels = starts.Length;
        if (name[0] == '_')
            return FindUnderscored(name, starts, catalog);

        // The longest service name wins: "zone.orders" may be a service, and is otherwise the point above orders' zones.
        var best = new DnsMatch(DnsMatchKind.Missing);
        for (var take = Math.Min(2, labels); take >= 1; take--)
        {
            // Without such a namespace there is no such service: the usual case for a part of a service, which then costs no string to look it up by.
            if (take == 2 && !IsNamespace(name[starts[labels - 1]..], catalog))
                continue;

            if (Service(name[starts[labels - take]..], catalog) is not { } service)
                continue;

            if (take == labels)
                return new(DnsMatchKind.Records, service.Whole, service.Set.Service);

            var found = FindPart(name[..(starts[labels - take] - 1)], service);
            if (found.Kind == DnsMatchKind.Records)
                return found;

            if (found.Kind == DnsMatchKind.Empty)
                best = found;
        }

        if (best.Kind != DnsMatchKind.Missing)
            return best;

        if (name.SequenceEqual(DnsAuthority.ServerName))
            return new(DnsMatchKind.Records, _server);

        return new(IsAbove(name, DnsAuthority.ServerName) || (labels == 1 && IsNamespace(name, catalog)) ? DnsMatchKind.Empty : DnsMatchKind.Missing);
    }

    private DnsMatch FindPart(ReadOnlySpan<char> prefix, DnsService service)
    {
        if (service.Part(prefix) is { } part)
            return new(DnsMatchKind.Records, part, service.Set.Service);

        if (!Presence(service.Set).TryFind(prefix, out var address))
            return new(DnsMatchKind.Missing);

        return address is null
            ? new(DnsMatchKind.Empty, Service: service.Set.Service)
            : new(DnsMatchKind.Records, new DnsRecordSet([address], _authority), service.Set.Service);
    }

    /// <summary><c>_orders._tcp</c>, in a namespace <c>_orders._tcp.shop</c> (RFC 2782), and the names above them.</summary>
    private DnsMatch FindUnderscored(ReadOnlySpan<char> name, ReadOnlySpan<byte> starts, ServingCatalog catalog)
    {
        const string Protocol = "_tcp";
        if (name.SequenceEqual(Protocol))
            return new(DnsMatchKind.Empty);

        var second = starts.Length > 1 ? name[starts[1]..] : [];
        if (starts.Length == 2 && name[..(starts[1] - 1)].SequenceEqual(Protocol))
            return new(IsNamespace(second, catalog) ? DnsMatchKind.Empty : DnsMatchKind.Missing);

        if (starts.Length is < 2 or > 3 || !second.StartsWith(Protocol))
            return new(DnsMatchKind.Missing);

        Span<char> service = stackalloc char[DnsQuery.MaxName];
        var first = name[1..(starts[1] - 1)];
        var rest = second[Protocol.Length..];
        if (starts.Length == 3 ? rest is not ['.', ..] || starts[2] != starts[1] + Protocol.Length + 1 : rest.Length > 0)
            return new(DnsMatchKind.Missing);

        first.CopyTo(service);
        rest.CopyTo(service[first.Length..]);
        return Service(service[..(first.Length + rest.Length)], catalog) is { } found
            ? new(DnsMatchKind.ServiceRecords, found.Whole, found.Set.Service)
            : new(DnsMatchKind.Missing);
    }

    private DnsMatch FindReverse(ReadOnlySpan<char> name, ServingCatalog catalog)
    {
        if (!name.EndsWith(".arpa") || DnsName.FromReverse(name) is not { } address)
            return new(DnsMatchKind.Outside);

        var label = DnsPresence.Prefix(DnsName.AddressLabel(address), DnsPresence.Address);
        var registry = _registered();
        var services = registry is not null
            ? registry.Services.Values.Where(service => DnsPresence.Of(service).TryFind(label, out _)).Select(service => service.Name)
            : catalog.Services.Values.Where(set => DnsPresence.Of(set).TryFind(label, out _)).Select(set => set.Service);
        ImmutableArray<byte[]> targets = [.. services.Order(StringComparer.Ordinal).Select(service => DnsName.ToWire($"{label}.{service}.{_authority.Zone}"))];

        // The reverse tree is others'; only what is registered is ours to answer for.
        return targets.IsEmpty ? new(DnsMatchKind.Outside) : new(DnsMatchKind.Reverse, Targets: targets);
    }

    private DnsPresence Presence(ServingSet set) =>
        _registered() is { } snapshot && snapshot.Services.TryGetValue(set.Service, out var service) ? DnsPresence.Of(service) : DnsPresence.Of(set);

    private DnsService? Service(ReadOnlySpan<char> name, ServingCatalog catalog)
    {
        if (_entries.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var entry))
            return entry.At(catalog, _authority) ?? Remove(entry);

        // A name that is not a service's costs this string: the catalog is asked by text.
        var key = name.ToString();
        if (!catalog.Services.TryGetValue(key, out var set))
            return null;

        if (_entries.Count > 2 * catalog.Services.Count + 64)
            Forget(catalog);

        entry = _entries.GetOrAdd(key, static key => new(key));
        return entry.At(catalog, _authority);
    }

    private DnsService? Remove(Entry entry)
    {
        _entries.TryRemove(new(entry.Name, entry));
        return null;
    }

    // Services that are gone and were not asked for since.
    private void Forget(ServingCatalog catalog)
    {
        foreach (var (name, entry) in _entries)
        {
            if (!catalog.Services.ContainsKey(name))
                Remove(entry);
        }
    }

    private bool IsNamespace(ReadOnlySpan<char> name, ServingCatalog catalog)
    {
        var known = _namespaces;
        if (!ReferenceEquals(known.Catalog, catalog))
        {
            HashSet<string> names = new(StringComparer.Ordinal);
            foreach (var service in catalog.Services.Keys)
            {
                var dot = service.IndexOf('.', StringComparison.Ordinal);
                if (dot >= 0)
                    names.Add(service[(dot + 1)..]);
            }

            _namespaces = known = new(catalog, names);
        }

        return known.Names.GetAlternateLookup<ReadOnlySpan<char>>().Contains(name);
    }

    private static bool IsAbove(ReadOnlySpan<char> name, ReadOnlySpan<char> other) =>
        other.Length > name.Length && other.EndsWith(name) && other[other.Length - name.Length - 1] == '.';

    private bool EndsWithZone(ReadOnlySpan<byte> wire) =>
        wire.Length >= _authority.ZoneWire.Length && System.Text.Ascii.EqualsIgnoreCase(wire[^_authority.ZoneWire.Length..], _authority.ZoneWire);

    private sealed record Namespaces(ServingCatalog Catalog, HashSet<string> Names);

    /// <summary>One service's records with the catalog for which they were last found to hold.</summary>
    private sealed class Entry(string name)
    {
        private Held? _held;

        public string Name { get; } = name;

        /// <summary>The records at a catalog; null when the service is not in it.</summary>
        public DnsService? At(ServingCatalog catalog, DnsAuthority authority)
        {
            var held = Volatile.Read(ref _held);
            if (held is not null && ReferenceEquals(held.Catalog, catalog))
                return held.Service;

            if (!catalog.Services.TryGetValue(Name, out var set))
                return null;

            var service = held is not null && (ReferenceEquals(held.Service.Set, set) || held.Service.Set.SaysTheSameAs(set)) ? held.Service : new DnsService(set, authority);
            Volatile.Write(ref _held, new(catalog, service));
            return service;
        }

        private sealed record Held(ServingCatalog Catalog, DnsService Service);
    }
}
