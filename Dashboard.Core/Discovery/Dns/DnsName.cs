using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>Names between text and wire form, and the names that addresses have in the zone and in reverse.</summary>
internal static class DnsName
{
    /// <summary>The wire form of a dotted name, with the closing root label.</summary>
    public static byte[] ToWire(string dotted)
    {
        var wire = new byte[dotted.Length + 2];
        var at = 0;
        foreach (var label in dotted.Split('.'))
        {
            wire[at] = (byte)label.Length;
            at += 1 + Encoding.ASCII.GetBytes(label, wire.AsSpan(at + 1));
        }

        return wire;
    }

    /// <summary>True when a text can stand in the zone before <paramref name="room"/> further bytes: ASCII labels of 1 to 63 characters.</summary>
    public static bool Fits(string dotted, int room) =>
        dotted.Length > 0 && dotted.Length + 2 + room <= DnsQuery.MaxName && Ascii.IsValid(dotted) && dotted.Split('.').All(label => label.Length is > 0 and <= 63);

    /// <summary>One label that names an address: <c>10-0-0-1</c>, <c>2001-db8-0-0-0-0-0-1</c>.</summary>
    public static string AddressLabel(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return address.ToString().Replace('.', '-');

        var bytes = address.GetAddressBytes();
        return string.Join('-', Enumerable.Range(0, 8).Select(i => $"{bytes[2 * i] << 8 | bytes[2 * i + 1]:x}"));
    }

    /// <summary>
    /// One label that names an instance by address and port: <c>10-0-0-1-8080</c>. SRV targets are these: HAProxy gives each address of the additional section to one server
    /// alone, so that instances on one host need names of their own.
    /// </summary>
    public static string EndpointLabel(IPAddress address, int port) => $"{AddressLabel(address)}-{port}";

    /// <summary>Reads <c>1.0.0.10.in-addr.arpa</c> (RFC 1035 section 3.5) and its like under <c>ip6.arpa</c> (RFC 3596 section 2.5); null when it is not the name of one address.</summary>
    public static IPAddress? FromReverse(ReadOnlySpan<char> name)
    {
        const string V4 = ".in-addr.arpa";
        const string V6 = ".ip6.arpa";
        if (name.EndsWith(V4))
        {
            Span<byte> bytes = stackalloc byte[4];
            var left = 4;
            foreach (var part in name[..^V4.Length].Split('.'))
            {
                var digits = name[part];
                if (left == 0 || digits.Length is 0 or > 3 || (digits.Length > 1 && digits[0] == '0') || !byte.TryParse(digits, System.Globalization.NumberStyles.None, null, out bytes[--left]))
                    return null;
            }

            return left == 0 ? new(bytes) : null;
        }

        if (name.EndsWith(V6) && name.Length == V6.Length + 63)
        {
            Span<byte> bytes = stackalloc byte[16];
            for (var i = 0; i < 32; i++)
            {
                var digit = name[62 - 2 * i];
                if (!char.IsAsciiHexDigit(digit) || (i > 0 && name[63 - 2 * i] != '.'))
                    return null;

                bytes[i / 2] = (byte)(bytes[i / 2] << 4 | (char.IsAsciiDigit(digit) ? digit - '0' : char.ToLowerInvariant(digit) - 'a' + 10));
            }

            return new(bytes);
        }

        return null;
    }
}
