using System.Collections.Immutable;
using System.Net;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>The records of one name: a service, the part of it in one zone or of one version, or one address. Each type is encoded when it is first asked for.</summary>
internal sealed class DnsRecordSet
{
    private readonly (ServingEndpoint Endpoint, IPAddress Address)[] _endpoints;
    private readonly DnsAuthority _authority;
    private readonly string _service;

    // Two threads may encode the same twice, to the same effect.
    private DnsAddressRecords? _v4;
    private DnsAddressRecords? _v6;
    private DnsServiceRecords? _services;

    public DnsRecordSet(string service, IEnumerable<ServingEndpoint> endpoints, DnsAuthority authority)
    {
        _service = service;
        _authority = authority;
        _endpoints = [.. endpoints.Select(endpoint => (endpoint, Address: IPAddress.TryParse(endpoint.Address, out var address) ? address : null!)).Where(item => item.Address is not null)];
    }

    /// <summary>The records of addresses that are no service: no SRV.</summary>
    public DnsRecordSet(ImmutableArray<IPAddress> addresses, DnsAuthority authority)
    {
        _service = "";
        _authority = authority;
        _endpoints = [];
        _v4 = new(DnsType.A, addresses.Select(address => (address, 1)), authority.Ttl);
        _v6 = new(DnsType.Aaaa, addresses.Select(address => (address, 1)), authority.Ttl);
    }

    public DnsAddressRecords V4 => _v4 ??= new(DnsType.A, Addresses, _authority.Ttl);

    public DnsAddressRecords V6 => _v6 ??= new(DnsType.Aaaa, Addresses, _authority.Ttl);

    public DnsServiceRecords Services => _services ??= new(_service, _endpoints, _authority);

    private IEnumerable<(IPAddress Address, int Weight)> Addresses => _endpoints.Select(item => (item.Address, item.Endpoint.Weight));
}
