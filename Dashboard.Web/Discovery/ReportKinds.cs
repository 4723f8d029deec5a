using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Dashboard.Core.Traffic;
using Dashboard.Web.Http;

namespace Dashboard.Web.Discovery;

/// <summary>
/// Names every value of a traffic report that is of another kind than its field wants. Only for a report that could not be read as a whole: reading stops at its first such value.
/// </summary>
internal static class ReportKinds
{
    private const int MostFaults = 100;

    private static readonly Field Text = Of<string>("must be a text", "x");
    private static readonly Field Whole = Of<long>("must be a whole number", 0);

    // Beside it less is allowed: of what was wrong nothing else is to be said.
    private static readonly Field Most = Of<long>("must be a whole number", int.MaxValue);
    private static readonly Field MostAtOnce = Of<int>("must be a whole number", int.MaxValue);

    private static readonly Dictionary<string, Field> Top = new(StringComparer.OrdinalIgnoreCase)
    {
        ["reporter"] = Text,
        ["session"] = Of<Guid>("must be a UUID", "00000000-0000-0000-0000-000000000001"),
        ["sequence"] = Of<long>("must be a whole number", 1),
        ["periodMs"] = Of<double>("must be a number", 1),
        ["ageMs"] = Of<double>("must be a number", 0),
    };

    private static readonly Dictionary<string, Field> Row = new(StringComparer.OrdinalIgnoreCase)
    {
        ["source"] = Text,
        ["service"] = Text,
        ["instance"] = Text,
        ["requests"] = Most,
        ["completed"] = Most,
        ["failures"] = Whole,
        ["latency"] = new("must be an array of whole numbers", Takes<ImmutableArray<long>>, () => new JsonArray()),
    };

    private static readonly Dictionary<string, Field> Open = new(StringComparer.OrdinalIgnoreCase)
    {
        ["service"] = Text,
        ["instance"] = Text,
        ["requests"] = MostAtOnce,
        ["longLived"] = Of<int>("must be a whole number", 0),
    };

    /// <summary>The faults, at most a hundred, with paths as <see cref="TrafficReportDocument.ToReport"/> gives them; and the report as far as it can be read, with harmless values in place of the wrong ones.</summary>
    public static (IReadOnlyList<(string Path, string Fault)> Faults, TrafficReportDocument? Report) Read(ReadOnlySpan<byte> bytes)
    {
        var faults = new List<(string Path, string Fault)>();
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(bytes, new JsonNodeOptions { PropertyNameCaseInsensitive = true });
            if (node is not JsonObject report)
                return ([("", "a JSON object is required as the body")], null);

            Check(report, Top, "", faults);
            CheckEach(report, "rows", Row, faults);
            CheckEach(report, "inFlight", Open, faults);
        }
        catch (JsonException broken)
        {
            return ([("", $"the body is not valid JSON at line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}")], null);
        }
        catch (ArgumentException)
        {
            return ([("", "an object names a field twice")], null);
        }

        try
        {
            return (faults, node.Deserialize(TrafficJson.Default.TrafficReportDocument));
        }
        catch (JsonException)
        {
            // More was wrong than is told.
            return (faults.Count > 0 ? faults : [("", "is not a valid report")], null);
        }
    }

    private static void CheckEach(JsonObject report, string name, Dictionary<string, Field> fields, List<(string Path, string Fault)> faults)
    {
        if (!report.TryGetPropertyValue(name, out var node))
            return;

        if (node is not JsonArray rows)
        {
            faults.Add((name, "must be an array"));
            report[name] = new JsonArray();
            return;
        }

        for (var index = 0; index < rows.Count && faults.Count < MostFaults; index++)
        {
            if (rows[index] is JsonObject row)
            {
                Check(row, fields, $"{name}[{index}].", faults);
            }
            else if (rows[index] is not null)
            {
                faults.Add(($"{name}[{index}]", "must be an object"));
                rows[index] = new JsonObject(fields.Select(field => KeyValuePair.Create(field.Key, (JsonNode?)field.Value.Instead())));
            }
        }
    }

    private static void Check(JsonObject node, Dictionary<string, Field> fields, string path, List<(string Path, string Fault)> faults)
    {
        foreach (var (name, value) in node.ToArray())
        {
            if (fields.TryGetValue(name, out var field) && !field.Is(value))
            {
                faults.Add((path + name, field.Fault));
                node[name] = field.Instead();
            }
        }
    }

    private static Field Of<T>(string fault, JsonNode instead) => new(fault, Takes<T>, instead.DeepClone);

    private static bool Takes<T>(JsonNode? node)
    {
        try
        {
            _ = JsonSerializer.Deserialize(node, (JsonTypeInfo<T>)TrafficJson.Default.GetTypeInfo(typeof(T))!);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <param name="Fault">What is said of a value of another kind.</param>
    /// <param name="Is">Whether a value is of the kind.</param>
    /// <param name="Instead">One that nothing is wrong with.</param>
    private sealed record Field(string Fault, Func<JsonNode?, bool> Is, Func<JsonNode> Instead);
}
