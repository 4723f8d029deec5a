using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dashboard.Core.Discovery.Wire;

/// <summary>Writes an enumeration as the camelCase word that users know and reads nothing else (no numbers).</summary>
public sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
