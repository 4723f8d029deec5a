using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Dashboard.Core.Health;

/// <summary>
/// Where probes may go. Whoever may register an instance chooses an address that the console then connects to; this keeps that from reaching what only the
/// console's host can reach.
/// </summary>
public sealed class AllowedNetworks
{
    /// <summary>Private networks: RFC 1918 and IPv6 unique local addresses.</summary>
    public static readonly ImmutableArray<IPNetwork> Private = Networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7");

    public static readonly ImmutableArray<IPNetwork> Loopback = Networks("127.0.0.0/8", "::1/128");

    // Refused whatever is configured: "this host", link-local, multicast and broadcast, and where clouds serve their metadata and credentials
    // (AWS, GCP, Azure and others in 169.254.0.0/16; AWS fd00:ec2::254; GCP fd20:ce::254; Alibaba 100.100.100.200; Oracle 192.0.0.192; Azure 168.63.129.16).
    private static readonly ImmutableArray<IPNetwork> Never = Networks(
        "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32",
        "::/128", "fe80::/10", "ff00::/8", "fd00:ec2::/32", "fd20:ce::254/128");

    private readonly ImmutableArray<IPNetwork> _allowed;

    public AllowedNetworks(IEnumerable<IPNetwork> allowed)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        _allowed = [.. allowed];
    }

    /// <summary>The default: private networks, and loopback while the console itself can only be reached from its own host.</summary>
    public static AllowedNetworks Default(bool withLoopback) => new(withLoopback ? [.. Private, .. Loopback] : Private);

    /// <summary>Parses CIDRs. A single address counts as a network of one.</summary>
    /// <exception cref="FormatException">One of them is no network; the message names every such one.</exception>
    public static AllowedNetworks Parse(IEnumerable<string> cidrs)
    {
        ArgumentNullException.ThrowIfNull(cidrs);
        var networks = new List<IPNetwork>();
        var faults = new List<string>();
        foreach (var cidr in cidrs.Select(text => text.Trim()).Where(text => text.Length > 0))
        {
            if (IPNetwork.TryParse(cidr, out var network))
            {
                networks.Add(network);
            }
            else if (IPAddress.TryParse(cidr, out var address))
            {
                networks.Add(new(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128));
            }
            else
            {
                faults.Add(cidr);
            }
        }

        return faults.Count == 0
            ? new(networks)
            : throw new FormatException($"Health:AllowedNetworks: not a network in CIDR notation (for example 10.0.0.0/8): {string.Join(", ", faults)}.");
    }

    /// <summary>Whether probes may connect to this address. An IPv4 address inside IPv6 counts as what it is.</summary>
    public bool Allows(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Contains(_allowed, plain) && !Contains(Never, plain);
    }

    private static bool Contains(ImmutableArray<IPNetwork> networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static ImmutableArray<IPNetwork> Networks(params ReadOnlySpan<string> cidrs)
    {
        var networks = ImmutableArray.CreateBuilder<IPNetwork>(cidrs.Length);
        foreach (var cidr in cidrs)
        {
            networks.Add(IPNetwork.Parse(cidr));
        }

        return networks.MoveToImmutable();
    }
}
