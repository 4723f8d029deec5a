namespace Dashboard.Core.Discovery.Dns;

/// <summary>Record types that are answered or treated on their own (IANA "DNS Parameters").</summary>
internal static class DnsType
{
    public const ushort A = 1;
    public const ushort Ns = 2;
    public const ushort Soa = 6;
    public const ushort Ptr = 12;
    public const ushort Hinfo = 13;
    public const ushort Aaaa = 28;
    public const ushort Srv = 33;
    public const ushort Opt = 41;
    public const ushort Ixfr = 251;
    public const ushort Axfr = 252;
    public const ushort Any = 255;
}
