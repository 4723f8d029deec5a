using System.Text.Json.Nodes;

namespace Dashboard.Tests.Wire.Xds;

/// <summary>Reads the YAML that configuration files here are written in: maps and lists by indentation, flow maps, plain and quoted scalars, comments.</summary>
internal sealed class PlainYaml
{
    private readonly List<(int Indent, string Text)> _lines;
    private int _at;

    private PlainYaml(string text) => _lines =
    [
        .. text.Split('\n').Select(line => Uncommented(line).TrimEnd()).Where(line => line.Trim().Length > 0).Select(line => (line.Length - line.TrimStart().Length, line.Trim())),
    ];

    public static JsonNode Read(string text) => new PlainYaml(text).Block(0);

    private static string Uncommented(string line) => line.TrimStart().StartsWith('#') ? "" : line.IndexOf(" #", StringComparison.Ordinal) is >= 0 and var at ? line[..at] : line;

    private JsonNode Block(int indent)
    {
        if (_lines[_at].Text.StartsWith("- ", StringComparison.Ordinal))
        {
            var list = new JsonArray();
            while (_at < _lines.Count && _lines[_at].Indent == indent && _lines[_at].Text.StartsWith("- ", StringComparison.Ordinal))
            {
                // What stands after the dash is a block two further in.
                _lines[_at] = (indent + 2, _lines[_at].Text[2..].Trim());
                list.Add(Block(indent + 2));
            }

            return list;
        }

        var map = new JsonObject();
        while (_at < _lines.Count && _lines[_at].Indent == indent && !_lines[_at].Text.StartsWith("- ", StringComparison.Ordinal))
        {
            var (key, value) = Pair(_lines[_at++].Text);
            map.Add(key, value.Length > 0 ? Value(value) : Block(_lines[_at].Indent));
        }

        return map;
    }

    private static (string Key, string Value) Pair(string text)
    {
        var from = text.StartsWith('"') ? text.IndexOf('"', 1) : 0;
        var colon = text.IndexOf(':', from);
        return (text[..colon].Trim().Trim('"'), text[(colon + 1)..].Trim());
    }

    private static JsonNode Value(string text)
    {
        if (!text.StartsWith('{'))
            return text is "true" or "false" ? JsonValue.Create(text == "true") : long.TryParse(text, out var number) ? JsonValue.Create(number) : JsonValue.Create(text.Trim('"'));

        var map = new JsonObject();
        var (depth, start) = (0, 1);
        for (var at = 1; at < text.Length; at++)
        {
            depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
            if ((depth == 0 && text[at] == ',') || depth < 0)
            {
                if (text[start..at].Trim() is { Length: > 0 } part && Pair(part) is var (key, value))
                    map.Add(key, Value(value));

                start = at + 1;
            }
        }

        return map;
    }
}
