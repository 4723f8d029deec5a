using System.Collections.Frozen;
using System.Text.Json;

namespace Dashboard.Web.Http;

/// <summary>An enumeration's names as the API writes them: camelCase, no numbers.</summary>
internal static class Choices<T>
    where T : struct, Enum
{
    private static readonly FrozenDictionary<string, T> Values = Enum.GetValues<T>().ToFrozenDictionary(NameOf, StringComparer.Ordinal);

    /// <summary>All of them, for messages.</summary>
    public static string Names { get; } = string.Join(", ", Enum.GetValues<T>().Select(NameOf));

    public static bool TryParse(string text, out T value) => Values.TryGetValue(text, out value);

    public static string NameOf(T value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
