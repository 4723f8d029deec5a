namespace Dashboard.Core.Discovery.Dns;

/// <summary>The second 16 bits of a header (RFC 1035 section 4.1.1, RFC 4035 section 3.1.6).</summary>
internal static class DnsFlags
{
    public const ushort Response = 0x8000;
    public const ushort OpcodeMask = 0x7800;
    public const ushort Authoritative = 0x0400;
    public const ushort Truncated = 0x0200;
    public const ushort RecursionDesired = 0x0100;
    public const ushort CheckingDisabled = 0x0010;
}
