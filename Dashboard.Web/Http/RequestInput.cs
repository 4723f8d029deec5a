using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Http;

/// <summary>
/// What a request says: its route values, its query and its body, read with every fault collected. An endpoint asks for what it needs and then looks at
/// <see cref="Problem"/> once.
/// </summary>
internal sealed class RequestInput
{
    /// <summary>Largest body of a request, in bytes.</summary>
    public const int BodyLimit = 64 * 1024;

    private const int MaxDepth = 16;

    private readonly HttpContext _http;
    private readonly List<Fault> _faults;
    private readonly HashSet<string> _askedQuery = new(StringComparer.Ordinal);
    private readonly IResult? _refused;
    private IResult? _problem;
    private bool _closed;

    private RequestInput(HttpContext http, List<Fault> faults, FieldReader body, bool hasBody, IResult? refused)
    {
        _http = http;
        _faults = faults;
        Body = body;
        HasBody = hasBody;
        _refused = refused;
    }

    /// <summary>The fields of the body; finds nothing when there is none.</summary>
    public FieldReader Body { get; }

    public bool HasBody { get; }

    /// <summary>The answer to give when anything is wrong, null when all is well. Also tells fields and query parameters that nobody asked for.</summary>
    public IResult? Problem
    {
        get
        {
            if (!_closed)
            {
                _closed = true;
                Body.Close();
                foreach (var name in _http.Request.Query.Keys.Where(name => !_askedQuery.Contains(name)))
                    _faults.Add(new($"query.{name}", _askedQuery.Count == 0 ? "is not a known parameter" : $"is not a known parameter; known are {string.Join(", ", _askedQuery.Order(StringComparer.Ordinal))}"));

                _problem = _refused ?? (_faults.Count == 0 ? null : Problems.Invalid(_faults));
            }

            return _problem;
        }
    }

    /// <summary>The input of a request that has no body; one that is sent all the same is not looked at.</summary>
    public static RequestInput Without(HttpContext http)
    {
        var faults = new List<Fault>();
        return new(http, faults, new(default, "", faults), hasBody: false, refused: null);
    }

    /// <summary>Reads the body too. An empty one is an object without fields unless <paramref name="required"/>.</summary>
    /// <param name="limit">Largest body in bytes.</param>
    public static async ValueTask<RequestInput> ReadAsync(HttpContext http, bool required = false, int limit = BodyLimit)
    {
        var faults = new List<Fault>();
        var empty = new FieldReader(default, "", faults);
        if (http.Request.ContentLength > limit)
            return new(http, faults, empty, hasBody: false, Problems.TooLarge(limit));

        if (await ReadBytesAsync(http.Request, limit) is not { } bytes)
            return new(http, faults, empty, hasBody: false, Problems.TooLarge(limit));

        if (bytes.Length == 0)
        {
            if (required)
                faults.Add(new("", "a JSON object is required as the body"));

            return new(http, faults, empty, hasBody: false, refused: null);
        }

        // A form that a foreign page posts has another content type: it gets no further than this.
        if (!http.Request.HasJsonContentType())
            return new(http, faults, empty, hasBody: true, Problems.UnsupportedMediaType(http.Request.ContentType));

        if (!Utf8.IsValid(bytes.Span))
        {
            faults.Add(new("", "the body is not valid UTF-8"));
            return new(http, faults, empty, hasBody: true, refused: null);
        }

        try
        {
            var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });
            http.Response.RegisterForDispose(document);
            return new(http, faults, new(document.RootElement, "", faults), hasBody: true, refused: null);
        }
        catch (JsonException broken)
        {
            faults.Add(new("", $"the body is not valid JSON at line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}: {Sentence(broken.Message)}"));
            return new(http, faults, empty, hasBody: true, refused: null);
        }
    }

    /// <summary>Reads a body that is deserialized as a whole, or gives the problem.</summary>
    public static async ValueTask<(ReadOnlyMemory<byte> Bytes, IResult? Problem)> ReadJsonAsync(HttpContext http, int limit)
    {
        if (http.Request.ContentLength > limit || await ReadBytesAsync(http.Request, limit) is not { } bytes)
            return (default, Problems.TooLarge(limit));

        return bytes.Length == 0 ? (default, Problems.Invalid([new("", "a JSON object is required as the body")]))
            : !http.Request.HasJsonContentType() ? (default, Problems.UnsupportedMediaType(http.Request.ContentType))
            : (bytes, null);
    }

    /// <summary>A service's name from the route.</summary>
    public string Service() => Route("service", Formats.Service);

    /// <summary>A service and instance from the route.</summary>
    public InstanceKey Instance() => new(Route("service", Formats.Service), Route("instance", Formats.InstanceId));

    /// <summary>A node's name from the route.</summary>
    public string Node() => Route("node", Formats.Node);

    /// <summary>A number from the route: a revision or an operation.</summary>
    public long Number(string name)
    {
        if (_http.Request.RouteValues[name] is string text && long.TryParse(text, System.Globalization.NumberStyles.None, null, out var value) && value > 0)
            return value;

        _faults.Add(new($"path.{name}", "must be a whole number above 0"));
        return 0;
    }

    /// <summary>A text from the route.</summary>
    public string Route(string name, Func<string, string?> check)
    {
        var text = _http.Request.RouteValues[name] as string ?? "";
        if (check(text) is { } fault)
            _faults.Add(new($"path.{name}", fault));

        return text;
    }

    /// <summary>A text from a header; null when absent.</summary>
    public string? Header(string name, Func<string, string?> check)
    {
        var values = _http.Request.Headers[name];
        if (values.Count == 0)
            return null;

        if (values.Count == 1 && check(values[0] ?? "") is null)
            return values[0];

        _faults.Add(new($"header.{name}", values.Count > 1 ? "is given twice" : check(values[0] ?? "")!));
        return null;
    }

    /// <summary>A text from the query; null when absent.</summary>
    public string? Query(string name, Func<string, string?>? check = null)
    {
        _askedQuery.Add(name);
        var values = _http.Request.Query[name];
        if (values.Count == 0)
            return null;

        var text = values[0] ?? "";
        var fault = values.Count > 1 ? "is given twice" : text.Length > 1024 ? "must have at most 1024 characters" : check?.Invoke(text);
        if (fault is null)
            return text;

        _faults.Add(new($"query.{name}", fault));
        return null;
    }

    public long? QueryInteger(string name, long min, long max)
    {
        long value = 0;
        return Query(name, text => long.TryParse(text, System.Globalization.NumberStyles.None, null, out value) && value >= min && value <= max
            ? null
            : $"must be a whole number from {min} to {max}") is null ? null : value;
    }

    /// <summary>One of an enumeration's names, in camelCase.</summary>
    public T? QueryChoice<T>(string name)
        where T : struct, Enum
    {
        T value = default;
        return Query(name, text => Choices<T>.TryParse(text, out value) ? null : $"must be one of {Choices<T>.Names}") is null ? null : value;
    }

    public bool QueryFlag(string name) => Query(name, text => text is "true" or "false" ? null : "must be true or false") == "true";

    /// <summary>A duration from the query: <c>30s</c>, <c>500ms</c>, <c>5m</c>, or seconds as a bare number.</summary>
    public TimeSpan? QueryDuration(string name, TimeSpan min, TimeSpan max)
    {
        var value = TimeSpan.Zero;
        return Query(name, text => Formats.TryParseDuration(text, out value) && value >= min && value <= max
            ? null
            : $"must be a duration from {min.TotalSeconds:0.###}s to {max.TotalSeconds:0.###}s, for example 30s or 5m") is null ? null : value;
    }

    /// <summary>A moment from the query: RFC 3339, with a zone.</summary>
    public DateTimeOffset? QueryTime(string name)
    {
        var value = default(DateTimeOffset);
        return Query(name, text => Formats.TryParseTime(text, out value) ? null : "must be a time with its zone, for example 2026-11-23T09:41:00Z") is null ? null : value;
    }

    /// <summary>A list of service names, separated by commas; null when absent or empty.</summary>
    public ImmutableHashSet<string>? QueryServices(string name)
    {
        _askedQuery.Add(name);
        var names = _http.Request.Query[name].SelectMany(value => (value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToImmutableHashSet(StringComparer.Ordinal);
        foreach (var service in names)
        {
            if (Formats.Service(service) is { } fault)
                _faults.Add(new($"query.{name}", $"{(service.Length > 80 ? service[..80] : service)}: {fault}"));
        }

        return names.IsEmpty ? null : names;
    }

    public void Fault(string path, string message) => _faults.Add(new(path, message));

    /// <summary>Who asks: the signed-in user or the token's name, from its network address.</summary>
    public Actor Actor(ActorKind kind) => ActorOf(_http, kind);

    public static Actor ActorOf(HttpContext http, ActorKind kind)
    {
        var address = http.Connection.RemoteIpAddress;
        return new(http.User.Identity?.Name is { Length: > 0 } name ? name : "anonymous", kind, address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4().ToString() : address?.ToString());
    }

    private static async ValueTask<ReadOnlyMemory<byte>?> ReadBytesAsync(HttpRequest request, int limit)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[Math.Min(limit, 16 * 1024)];
        while (await request.Body.ReadAsync(chunk, request.HttpContext.RequestAborted) is var read and > 0)
        {
            if (buffer.Length + read > limit)
                return null;

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    // The parser appends the position in its own words; ours stands before it already.
    private static string Sentence(string message) => message.IndexOf(" LineNumber:", StringComparison.Ordinal) is > 0 and var end ? message[..end] : message;
}
