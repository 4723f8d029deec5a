using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Dashboard.Web.Console.Topology;

/// <summary>What the operator asked to see of the graph. Lives in the address; the canvas gets it as it is.</summary>
public sealed record TopologyView
{
    public const int MostHops = 3;

    /// <summary>Of a mesh of more services the graph draws groups first.</summary>
    public const int MostDrawn = 500;

    /// <summary>What services can be grouped by, and the words for it.</summary>
    public static readonly ImmutableArray<(string Name, string Words)> Groupings =
        [("none", "Not grouped"), ("namespace", "By namespace"), ("prefix", "By name's first part"), ("zone", "By zone"), ("neighbourhood", "By neighbourhood")];

    public string Search { get; init; } = "";

    /// <summary>One of <see cref="Groupings"/>; <c>none</c>: each service for itself as long as they are few.</summary>
    public string Grouping { get; init; } = "none";

    /// <summary><c>all</c> or <c>trouble</c>.</summary>
    public string Filter { get; init; } = "all";

    /// <summary>The one group that is open, as <see cref="Grouping"/> names it: empty for what belongs to none.</summary>
    public string? Inside { get; init; }

    /// <summary>The service whose surroundings alone are shown.</summary>
    public string? Focus { get; init; }

    /// <summary>How many calls away from <see cref="Focus"/>, 1-3.</summary>
    public int Hops { get; init; } = 1;

    /// <summary>Services that are shown as their instances.</summary>
    public string[] Expanded { get; init; } = [];

    /// <summary>The chosen mark or call, by the id that the canvas gives it.</summary>
    public string? Selected { get; init; }

    public static TopologyView From(string? search, string? grouping, string? filter, string? inside, string? focus, int? hops, string? expanded, string? selected = null) => new()
    {
        Search = search ?? "",
        Grouping = IsGrouping(grouping) ? grouping! : "none",
        Filter = filter == "trouble" ? "trouble" : "all",
        Inside = inside,
        Focus = string.IsNullOrEmpty(focus) ? null : focus,
        Hops = Math.Clamp(hops ?? 1, 1, MostHops),
        Expanded = expanded?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
        Selected = string.IsNullOrEmpty(selected) ? null : selected,
    };

    /// <summary>What one group of a grouping is.</summary>
    public static string GroupWord(string grouping) => grouping switch
    {
        "namespace" => "Namespace",
        "prefix" => "Names that begin with",
        "zone" => "Zone",
        "neighbourhood" => "Neighbourhood of",
        _ => "Group",
    };

    public static bool IsGrouping(string? name) => Groupings.Any(grouping => grouping.Name == name);

    /// <summary>The part of a view that the canvas asks for, as query parameters; what it does not name stays.</summary>
    public static Dictionary<string, object?> ToQuery(JsonElement part)
    {
        var query = new Dictionary<string, object?>();
        foreach (var property in part.ValueKind == JsonValueKind.Object ? part.EnumerateObject().ToArray() : [])
        {
            switch (property.Name)
            {
                case "search": query["q"] = Text(property.Value); break;
                case "inside": query["in"] = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null; break;
                case "grouping" when Text(property.Value) is { } grouping && IsGrouping(grouping): query["group"] = grouping == "none" ? null : grouping; break;
                case "filter": query["show"] = Text(property.Value) == "trouble" ? "trouble" : null; break;
                case "selected": query["sel"] = Text(property.Value); break;
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
        other is not null && Search == other.Search && Grouping == other.Grouping && Filter == other.Filter && Inside == other.Inside
        && Focus == other.Focus && Hops == other.Hops && Selected == other.Selected && Expanded.AsSpan().SequenceEqual(other.Expanded);

    public override int GetHashCode() => HashCode.Combine(Search, Grouping, Filter, Inside, Focus, Hops, Expanded.Length, Selected);

    private static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
