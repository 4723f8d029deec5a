using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Dashboard.Web.Http;

/// <summary>
/// Reads the fields of one JSON object and collects every fault with its path, where a deserializer would stop at the first. A field that is absent or
/// null gives null (or the default); a field that nobody asked for is a fault, told by <see cref="Close"/>.
/// </summary>
internal sealed class FieldReader
{
    private readonly List<Fault> _faults;
    private readonly string _path;
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly List<FieldReader> _children = [];
    private readonly bool _isObject;

    /// <param name="element">A JSON object, or <c>default</c> for an absent one.</param>
    /// <param name="path">JSON pointer of the object; empty for the body.</param>
    public FieldReader(JsonElement element, string path, List<Fault> faults)
    {
        _faults = faults;
        _path = path;
        if (element.ValueKind == JsonValueKind.Undefined)
            return;

        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new(path, $"must be an object, not {Describe(element)}"));
            return;
        }

        _isObject = true;
        foreach (var property in element.EnumerateObject())
        {
            if (NameOf(property) is not { } name)
                faults.Add(new(path, "has a field whose name is not valid text"));
            else if (!_fields.TryAdd(name, property.Value))
                faults.Add(new(PathOf(name), "is given twice"));
        }
    }

    /// <summary>There is an object at all; of another kind of body that has been said already.</summary>
    public bool IsObject => _isObject;

    public bool Has(string name) => _fields.ContainsKey(name);

    /// <summary>A whole number within bounds; a fraction or a number in quotes is a fault.</summary>
    public long? Integer(string name, long min, long max)
    {
        if (Find(name) is not { } element)
            return null;

        if (element.ValueKind != JsonValueKind.Number)
            return Wrong(name, $"must be a whole number from {min} to {max}, not {Describe(element)}");

        if (!element.TryGetInt64(out var value) || value < min || value > max)
            return Wrong(name, $"must be a whole number from {min} to {max}, not {Shorten(element.GetRawText())}");

        return value;
    }

    public int? Int(string name, int min, int max) => (int?)Integer(name, min, max);

    /// <summary>A number within bounds, fractions allowed.</summary>
    public double? Number(string name, double min, double max)
    {
        if (Find(name) is not { } element)
            return null;

        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var value) && value >= min && value <= max)
            return value;

        Wrong(name, string.Create(CultureInfo.InvariantCulture, $"must be a number from {min} to {max}, not {Describe(element)}"));
        return null;
    }

    /// <summary>An array of whole numbers within bounds; empty when it is absent.</summary>
    public ImmutableArray<int> Integers(string name, int minCount, int maxCount, int min, int max)
    {
        if (Find(name) is not { } element)
            return [];

        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() < minCount || element.GetArrayLength() > maxCount
            || element.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out var value) || value < min || value > max))
        {
            Wrong(name, $"must be an array of {minCount} to {maxCount} whole numbers from {min} to {max}");
            return [];
        }

        return [.. element.EnumerateArray().Select(item => item.GetInt32())];
    }

    /// <summary>A duration in seconds; fractions are allowed where asked for.</summary>
    public TimeSpan? Seconds(string name, double min, double max, bool fractions = false)
    {
        if (!fractions)
            return Integer(name, (long)min, (long)max) is { } whole ? TimeSpan.FromSeconds(whole) : null;

        if (Find(name) is not { } element)
            return null;

        var bounds = string.Create(CultureInfo.InvariantCulture, $"{min} to {max}");
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetDouble(out var seconds) || !double.IsFinite(seconds) || seconds < min || seconds > max)
        {
            Wrong(name, $"must be a number of seconds from {bounds}, not {(element.ValueKind == JsonValueKind.Number ? Shorten(element.GetRawText()) : Describe(element))}");
            return null;
        }

        return TimeSpan.FromMilliseconds(Math.Round(seconds * 1000));
    }

    public bool? Bool(string name)
    {
        if (Find(name) is not { } element)
            return null;

        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return element.GetBoolean();

        Wrong(name, $"must be true or false, not {Describe(element)}");
        return null;
    }

    /// <summary>A text of at most <paramref name="maxLength"/> characters without control characters.</summary>
    /// <param name="check">Says what is wrong with a text, or null.</param>
    public string? Text(string name, int maxLength, Func<string, string?>? check = null, bool lines = false)
    {
        if (Find(name) is not { } element)
            return null;

        return TextOf(element, PathOf(name), maxLength, check, lines);
    }

    /// <summary>A point in time in ISO 8601 with an offset, for example <c>2026-01-31T22:00:00Z</c>.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Find(name) is not { } element)
            return null;

        if (element.ValueKind == JsonValueKind.String && GetString(element) is { } text && Formats.TryParseTime(text, out var time))
            return time;

        Wrong(name, "must be a time in ISO 8601 with an offset, for example 2026-01-31T22:00:00Z");
        return null;
    }

    /// <summary>One of an enumeration's names in camelCase.</summary>
    public T? Choice<T>(string name)
        where T : struct, Enum
    {
        if (Find(name) is not { } element)
            return null;

        if (element.ValueKind == JsonValueKind.String && GetString(element) is { } text && Choices<T>.TryParse(text, out var value))
            return value;

        Wrong(name, $"must be one of {Choices<T>.Names}, not {Describe(element)}");
        return null;
    }

    /// <summary>A nested object; when it is absent, a reader that finds nothing.</summary>
    public FieldReader Object(string name)
    {
        var child = new FieldReader(Find(name) ?? default, PathOf(name), _faults);
        _children.Add(child);
        return child;
    }

    /// <summary>The items of an array of objects; empty when it is absent.</summary>
    public ImmutableArray<FieldReader> Objects(string name, int maxCount)
    {
        if (Find(name) is not { } element)
            return [];

        if (element.ValueKind != JsonValueKind.Array)
        {
            Wrong(name, $"must be an array, not {Describe(element)}");
            return [];
        }

        if (element.GetArrayLength() > maxCount)
        {
            Wrong(name, $"must have at most {maxCount} items, not {element.GetArrayLength()}");
            return [];
        }

        var path = PathOf(name);
        ImmutableArray<FieldReader> items = [.. element.EnumerateArray().Select((item, index) => new FieldReader(item, $"{path}/{index}", _faults))];
        _children.AddRange(items);
        return items;
    }

    /// <summary>Every field of this object, for maps; none of them is unknown then.</summary>
    public IEnumerable<(string Name, string Path, JsonElement Value)> All()
    {
        foreach (var (name, value) in _fields)
        {
            _asked.Add(name);
            yield return (name, PathOf(name), value);
        }
    }

    public string? TextOf(JsonElement element, string path, int maxLength, Func<string, string?>? check = null, bool lines = false)
    {
        if (element.ValueKind != JsonValueKind.String || GetString(element) is not { } text)
        {
            _faults.Add(new(path, element.ValueKind == JsonValueKind.String ? "is not valid text" : $"must be a text, not {Describe(element)}"));
            return null;
        }

        var fault = text.Length > maxLength ? $"must have at most {maxLength} characters, not {text.Length}"
            : text.Any(character => char.IsControl(character) && !(lines && character is '\n' or '\t')) ? "must not contain control characters"
            : check?.Invoke(text);
        if (fault is null)
            return text;

        _faults.Add(new(path, fault));
        return null;
    }

    /// <summary>Notes a fault of a field.</summary>
    public void Fault(string name, string message) => _faults.Add(new(PathOf(name), message));

    /// <summary>Whether a field is there and an object.</summary>
    public bool HasObject(string name) => _fields.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>A field that cannot do without a value. Of a body that is no object at all nothing more is said.</summary>
    public void Require(string name)
    {
        if (_isObject && (!_fields.TryGetValue(name, out var value) || value.ValueKind == JsonValueKind.Null))
            Fault(name, "is required");
    }

    /// <summary>Tells the fields that nobody asked for. Call once, when everything was read.</summary>
    public void Close()
    {
        foreach (var name in _fields.Keys.Where(name => !_asked.Contains(name)))
            Fault(name, _asked.Count == 0 ? "is not a known field" : $"is not a known field; known are {string.Join(", ", _asked.Order(StringComparer.Ordinal))}");

        foreach (var child in _children)
            child.Close();
    }

    private JsonElement? Find(string name)
    {
        _asked.Add(name);
        return _fields.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    // RFC 6901, section 3.
    private string PathOf(string name) => $"{_path}/{Shorten(name).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    private long? Wrong(string name, string message)
    {
        Fault(name, message);
        return null;
    }

    private static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => GetString(element) is { } text ? $"the text \"{Shorten(text)}\"" : "a text that is not valid",
        JsonValueKind.Number => $"the number {Shorten(element.GetRawText())}",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.Null => "null",
        _ => element.GetRawText(),
    };

    private static string Shorten(string text) => text.Length <= 140 ? text : $"{text[..137]}...";

    // Half of a surrogate pair, written as an escape, passes the parser and fails here.
    private static string? GetString(JsonElement element)
    {
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
