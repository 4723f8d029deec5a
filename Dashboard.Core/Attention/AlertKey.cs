using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Dashboard.Core.Attention;

/// <summary>What an alert is about. The same in every console and after every restart.</summary>
/// <param name="Target"><c>service</c>, <c>service/instance</c>, <c>node:name</c>, <c>follower:id</c>, <c>operation:id</c>, <c>plan:id</c> or <c>registry:</c>.</param>
public readonly record struct AlertKey(AlertRule Rule, string Target)
{
    private static readonly string[] Names = [.. Enum.GetValues<AlertRule>().Select(rule => JsonNamingPolicy.CamelCase.ConvertName(rule.ToString()))];

    /// <summary>The rule's name as the API, the registry and labels write it: <c>instanceUnhealthy</c>.</summary>
    public string RuleName => NameOf(Rule);

    /// <summary>16 hexadecimal digits that stand for the key where it does not fit: in addresses and for receivers that recognise what they have seen.</summary>
    public string Fingerprint => FingerprintOf(ToString());

    /// <summary>Of a key as text.</summary>
    public static string FingerprintOf(string key)
    {
        // FNV-1a, 64 bits: it has to be the same in every process.
        var hash = 14695981039346656037UL;
        foreach (var octet in Encoding.UTF8.GetBytes(key))
            hash = (hash ^ octet) * 1099511628211UL;
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }

    public static string NameOf(AlertRule rule) => Names[(int)rule];

    public override string ToString() => $"{RuleName}:{Target}";
}
