using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Dns;

internal enum DnsMatchKind
{
    /// <summary>Not a name of ours.</summary>
    Outside,

    /// <summary>No such name in the zone.</summary>
    Missing,

    /// <summary>A name in the zone that has no records of its own.</summary>
    Empty,

    /// <summary>The zone itself.</summary>
    Apex,

    Records,

    /// <summary>A name with SRV records only, like <c>_orders._tcp</c>.</summary>
    ServiceRecords,

    /// <summary>The reverse name of a registered address.</summary>
    Reverse,
}

/// <summary>What a name stands for.</summary>
/// <param name="Service">The service, where it stands for one or for a part of one.</param>
/// <param name="Targets">For a reverse name: what the address is called, in wire form.</param>
internal readonly record struct DnsMatch(DnsMatchKind Kind, DnsRecordSet? Records = null, string? Service = null, ImmutableArray<byte[]> Targets = default);
