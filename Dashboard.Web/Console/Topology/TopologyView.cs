using System.Globalization;
using System.Text.Json;

namespace Dashboard.Web.Console.Topology;

/// <summary>What the operator asked to see of the graph. Lives in the address; the canvas gets it as it is.</summary>
public sealed record TopologyView
{
    public const int MostHops = 5;

    public string Search { get; init; } = "";

    /// <summary><c>none</c>, <c>namespace</c> or <c>zone</c>.</summary>
    public string Grouping { get; init; } = "none";

    /// <summary><c>all</c> or <c>trouble</c>.</summary>
    public string Filter { get; init; } = "all";

    public string? Namespace { get; init; }

    /// <summary>The service whose surroundings alone are shown.</summary>
    public string? Focus { get; init; }

    /// <summary>How many calls away from <see cref="Focus"/>, 1-5.</summary>
    public int Hops { get; init; } = 1;

    /// <summary>Services that are shown as their instances.</summary>
    public string[] Expanded { get; init; } = [];

    public static TopologyView From(string? search, string? grouping, string? filter, string? space, string? focus, int? hops, string? expanded) => new()
    {
        Search = search ?? "",
        Grouping = grouping is "namespace" or "zone" ? grouping : "none",
        Filter = filter == "trouble" ? "trouble" : "all",
        Namespace = space,
        Focus = string.IsNullOrEmpty(focus) ? null : focus,
        Hops = Math.Clamp(hops ?? 1, 1, MostHops),
        Expanded = expanded?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
    };

    /// <summary>The part of a view that the canvas asks for, as query parameters; what it does not name stays.</summary>
    public static Dictionary<string, object?> ToQuery(JsonElement part)
    {
        var query = new Dictionary<string, object?>();
        foreach (var property in part.ValueKind == JsonValueKind.Object ? part.EnumerateObject().ToArray() : [])
        {
            switch (property.Name)
            {
                case "search": query["q"] = Text(property.Value); break;
                case "namespace": query["ns"] = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null; break;
                case "focus": query["focus"] = Text(property.Value); break;
                case "hops" when property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt32(out var hops): query["hops"] = hops == 1 ? null : hops.ToString(CultureInfo.InvariantCulture); break;
                case "expanded" when property.Value.ValueKind == JsonValueKind.Array:
                    query["expand"] = property.Value.GetArrayLength() == 0 ? null : string.Join(',', property.Value.EnumerateArray().Select(name => name.GetString()));
                    break;
            }
        }

        return query;
    }

    public bool Equals(TopologyView? other) =>
        other is not null && Search == other.Search && Grouping == other.Grouping && Filter == other.Filter && Namespace == other.Namespace
        && Focus == other.Focus && Hops == other.Hops && Expanded.AsSpan().SequenceEqual(other.Expanded);

    public override int GetHashCode() => HashCode.Combine(Search, Grouping, Filter, Namespace, Focus, Hops, Expanded.Length);

    private static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
