using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Dashboard.Web.Http;

/// <summary>The formats of names and addresses. Each check gives what is wrong, or null.</summary>
internal static partial class Formats
{
    public const int MaxReason = 500;

    private const string Alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    // Names are checked several to a registration, thousands of times a second.
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create(Alphanumeric + "._:-");
    private static readonly SearchValues<char> PlaceCharacters = SearchValues.Create(Alphanumeric + "._-");
    private static readonly SearchValues<char> VersionCharacters = SearchValues.Create(Alphanumeric + "._+-");
    private static readonly SearchValues<char> MetadataKeyCharacters = SearchValues.Create(Alphanumeric + "._/-");

    public static string? Service(string text) => text.IndexOf('.', StringComparison.Ordinal) is var dot && (dot < 0 ? IsLabel(text) : IsLabel(text.AsSpan(0, dot)) && IsLabel(text.AsSpan(dot + 1))) ? null
        : "must be one or two lower-case RFC 1123 labels of at most 63 characters, joined by a dot, for example orders or orders.shop";

    public static string? Namespace(string text) => IsLabel(text) ? null : "must be a lower-case RFC 1123 label of at most 63 characters";

    public static string? InstanceId(string text) => IsOf(text, 128, IdCharacters) ? null : "must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -";

    /// <summary>Zones and nodes end up in DNS names and labels.</summary>
    public static string? Place(string text) => IsOf(text, 63, PlaceCharacters) && IsBounded(text) ? null : "must be 1 to 63 of the characters A-Z a-z 0-9 . _ - and begin and end with a letter or digit";

    public static string? Node(string text) => IsOf(text, 253, PlaceCharacters) && IsBounded(text) ? null : "must be 1 to 253 of the characters A-Z a-z 0-9 . _ - and begin and end with a letter or digit";

    public static string? Version(string text) => IsOf(text, 64, VersionCharacters) ? null : "must be 1 to 64 of the characters A-Z a-z 0-9 . _ + -";

    public static string? MetadataKey(string text) => IsOf(text, 128, MetadataKeyCharacters) ? null : "a metadata key must be 1 to 128 of the characters A-Z a-z 0-9 . _ / -";

    public static string? FollowerId(string text) => FollowerIdPattern().IsMatch(text) ? null : "must be 1 to 128 of the characters A-Z a-z 0-9 . _ : / @ -";

    public static string? Reason(string text) => string.IsNullOrWhiteSpace(text) ? "must say something" : null;

    /// <summary>An address that other hosts can send to, in its canonical text form.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public static string? Address(string text, out string canonical)
    {
        canonical = text;
        if (IsPlainIPv4(text))
            return null;

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
    public static bool TryParseDuration(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        // Clients that wait for changes send one with each question.
        var (letters, unit) = text switch
        {
            [.., 'm', 's'] => (2, 0.001),
            [.., 's'] => (1, 1),
            [.., 'm'] => (1, 60),
            [.., 'h'] => (1, 3600),
            [.., 'd'] => (1, 86_400),
            _ => (0, 1.0),
        };
        var digits = text[..^letters];
        var point = digits.IndexOf('.');
        if (!IsNumber(point < 0 ? digits : digits[..point], 9) || (point >= 0 && !IsNumber(digits[(point + 1)..], 6)))
            return false;

        var seconds = double.Parse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * unit;
        if (seconds > 1e9)
            return false;

        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }

    private static bool IsNumber(ReadOnlySpan<char> text, int most) => text.Length >= 1 && text.Length <= most && !text.ContainsAnyExceptInRange('0', '9');

    private static bool IsOf(ReadOnlySpan<char> text, int most, SearchValues<char> characters) => text.Length >= 1 && text.Length <= most && !text.ContainsAnyExcept(characters);

    private static bool IsBounded(ReadOnlySpan<char> text) => char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]);

    private static bool IsLabel(ReadOnlySpan<char> text) => IsOf(text, 63, LabelCharacters) && IsBounded(text);

    /// <summary>Four numbers as they are always written, of a host: for these nothing else is to be checked. False says nothing.</summary>
    private static bool IsPlainIPv4(ReadOnlySpan<char> text)
    {
        Span<int> parts = stackalloc int[4];
        var count = 0;
        var digits = 0;
        foreach (var character in text)
        {
            if (character == '.' && digits > 0 && count < 3)
            {
                count++;
                digits = 0;
            }
            else if (char.IsAsciiDigit(character) && digits < 3 && !(digits == 1 && parts[count] == 0))
            {
                parts[count] = parts[count] * 10 + character - '0';
                digits++;
                if (parts[count] > 255)
                    return false;
            }
            else
            {
                return false;
            }
        }

        return count == 3 && digits > 0 && parts[0] is >= 1 and <= 223 && !(parts[0] == 169 && parts[1] == 254);
    }

    [GeneratedRegex(@"^[A-Za-z0-9._:/@-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex FollowerIdPattern();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant)]
    private static partial Regex TimePattern();
}
