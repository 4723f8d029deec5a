using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>What is the same in every answer of the zone: its name, its lifetimes, who answers for it.</summary>
internal sealed class DnsAuthority
{
    /// <summary>The name server's name below the zone. It shares the form of address names, so that no service can be called the same.</summary>
    public const string ServerName = "ns.addr.dns";

    public DnsAuthority(DnsOptions options)
    {
        Zone = options.Zone;
        ZoneWire = DnsName.ToWire(options.Zone);
        ZoneLabels = options.Zone.Count(letter => letter == '.') + 1;
        Ttl = (uint)options.Ttl;
        NegativeTtl = (uint)options.NegativeTtl;
        ServerWire = DnsName.ToWire($"{ServerName}.{options.Zone}");
        MailboxWire = DnsName.ToWire($"hostmaster.{options.Zone}");
        Timers = WriteTimers(NegativeTtl);
        ServerAddresses = [.. options.Endpoints.SelectMany(Reachable).Distinct()];
    }

    public string Zone { get; }

    public byte[] ZoneWire { get; }

    public int ZoneLabels { get; }

    public uint Ttl { get; }

    public uint NegativeTtl { get; }

    public byte[] ServerWire { get; }

    public byte[] MailboxWire { get; }

    /// <summary>Where this server is reached; for a listener on every address, those of this host.</summary>
    public ImmutableArray<IPAddress> ServerAddresses { get; }

    /// <summary>What follows the serial number in the SOA: refresh, retry, expire, minimum. Nobody transfers this zone, so the first three are conventional (RFC 1912 section 2.2).</summary>
    public byte[] Timers { get; }

    private static byte[] WriteTimers(uint minimum)
    {
        var timers = new byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(timers, 1200);
        BinaryPrimitives.WriteUInt32BigEndian(timers.AsSpan(4), 180);
        BinaryPrimitives.WriteUInt32BigEndian(timers.AsSpan(8), 1_209_600);
        BinaryPrimitives.WriteUInt32BigEndian(timers.AsSpan(12), minimum);
        return timers;
    }

    private static IEnumerable<IPAddress> Reachable(IPEndPoint endpoint)
    {
        if (!endpoint.Address.Equals(IPAddress.Any) && !endpoint.Address.Equals(IPAddress.IPv6Any))
            return [endpoint.Address];

        return NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !address.IsIPv6LinkLocal && (address.AddressFamily == AddressFamily.InterNetwork || endpoint.AddressFamily == AddressFamily.InterNetworkV6))
            .Take(8);
    }
}
