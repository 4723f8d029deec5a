using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Dashboard.Web.Http;

/// <summary>The formats of names and addresses. Each check gives what is wrong, or null.</summary>
internal static partial class Formats
{
    public const int MaxReason = 500;

    public static string? Service(string text) => ServicePattern().IsMatch(text) ? null
        : "must be one or two lower-case RFC 1123 labels of at most 63 characters, joined by a dot, for example orders or orders.shop";

    public static string? Namespace(string text) => NamespacePattern().IsMatch(text) ? null : "must be a lower-case RFC 1123 label of at most 63 characters";

    public static string? InstanceId(string text) => InstanceIdPattern().IsMatch(text) ? null : "must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -";

    /// <summary>Zones and nodes end up in DNS names and labels.</summary>
    public static string? Place(string text) => PlacePattern().IsMatch(text) ? null : "must be 1 to 63 of the characters A-Z a-z 0-9 . _ - and begin and end with a letter or digit";

    public static string? Node(string text) => NodePattern().IsMatch(text) ? null : "must be 1 to 253 of the characters A-Z a-z 0-9 . _ - and begin and end with a letter or digit";

    public static string? Version(string text) => VersionPattern().IsMatch(text) ? null : "must be 1 to 64 of the characters A-Z a-z 0-9 . _ + -";

    public static string? MetadataKey(string text) => MetadataKeyPattern().IsMatch(text) ? null : "a metadata key must be 1 to 128 of the characters A-Z a-z 0-9 . _ / -";

    public static string? FollowerId(string text) => FollowerIdPattern().IsMatch(text) ? null : "must be 1 to 128 of the characters A-Z a-z 0-9 . _ : / @ -";

    public static string? Reason(string text) => string.IsNullOrWhiteSpace(text) ? "must say something" : null;

    /// <summary>An address that other hosts can send to, in its canonical text form.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public static string? Address(string text, out string canonical)
    {
        canonical = text;
        // The parser also takes 127.1, 0x7f.1, [::1]:80 and fe80::1%eth0.
        if (!IPAddress.TryParse(text, out var address) || text.AsSpan().IndexOfAny('[', '%') >= 0
            || (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text))
            return "must be an IPv4 or IPv6 address, without a port, a scope or a host name";

        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();

        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            return "must be an address that others can reach, not the unspecified one";

        if (address.IsIPv6Multicast || address.Equals(IPAddress.Broadcast) || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is >= 224 or 0))
            return "must be the address of one host, not a multicast, broadcast or reserved one";

        if (address.IsIPv6LinkLocal || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..]))
            return "must not be a link-local address: it means another host to everyone";

        canonical = address.ToString();
        return null;
    }

    public static bool TryParseTime(string text, out DateTimeOffset time)
    {
        time = default;
        return TimePattern().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out time);
    }

    /// <summary>A duration in a query: <c>30s</c>, <c>500ms</c>, <c>5m</c>, or seconds as a bare number.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = default;
        if (DurationPattern().Match(text) is not { Success: true } match || !double.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;

        var seconds = number * match.Groups[2].Value switch { "ms" => 0.001, "m" => 60, "h" => 3600, "d" => 86_400, _ => 1 };
        if (seconds > 1e9)
            return false;

        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ServicePattern();

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamespacePattern();

    [GeneratedRegex(@"^[A-Za-z0-9._:-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex InstanceIdPattern();

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex PlacePattern();

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex NodePattern();

    [GeneratedRegex(@"^[A-Za-z0-9._+-]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex VersionPattern();

    [GeneratedRegex(@"^[A-Za-z0-9._/-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex MetadataKeyPattern();

    [GeneratedRegex(@"^[A-Za-z0-9._:/@-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex FollowerIdPattern();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant)]
    private static partial Regex TimePattern();

    [GeneratedRegex(@"^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex DurationPattern();
}
