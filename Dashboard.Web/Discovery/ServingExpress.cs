using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Web.Http;
using Dashboard.Web.Http.Express;

namespace Dashboard.Web.Discovery;

/// <summary>
/// The short way to a service's endpoints. Above all for the many who wait: what routing, sign-in and endpoint filters made for a request is held until its answer, and that is more than the waiting itself needs.
/// </summary>
internal sealed class ServingExpress(RegistryServingSource source, ServingEndpoints endpoints, ServingBytes bytes, TimeProvider time) : IExpressEndpoint
{
    private const string Tail = "/endpoints";

    public string Method => HttpMethods.Get;

    public string Route => "/api/v1/services/{service}/endpoints";

    public bool TakesQuery => true;

    public bool Matches(ReadOnlySpan<char> rest, out string service, out string? instance)
    {
        instance = null;
        service = rest.EndsWith(Tail, StringComparison.Ordinal) ? rest[..^Tail.Length].ToString() : "";
        return service.Length > 0;
    }

    public ValueTask<bool> TryAnswerAsync(HttpContext http, string service, string? instance)
    {
        var current = !source.IsBehind(service);
        var catalog = source.Feed.Current;
        var headers = http.Request.Headers;
        if (!current
            || !catalog.Services.TryGetValue(service, out var set)
            || headers[WatchProtocol.KindHeader].Count > 0
            || !TryReadName(headers[WatchProtocol.ClientHeader], out var name)
            || !TryReadQuery(http.Request.QueryString.Value, out var known, out var wait))
            return ValueTask.FromResult(false);

        return AnswerAsync(http, known is null && name is null
            ? Task.FromResult<IResult>(new ServingAnswer(bytes.Of(set), catalog, source.StaleSince, time))
            : endpoints.AnswerAsync(http, new(name, IsGateway: false, FollowerIdentity.AddressOf(http)), service, known, wait));
    }

    private static async ValueTask<bool> AnswerAsync(HttpContext http, Task<IResult> answer)
    {
        await (await answer).ExecuteAsync(http);
        return true;
    }

    private static bool TryReadName(Microsoft.Extensions.Primitives.StringValues header, out string? name)
    {
        name = header.Count == 0 ? null : header[0];
        return header.Count == 0 || (header.Count == 1 && name is not null && Formats.FollowerId(name) is null);
    }

    // Each parameter at most once, and nothing escaped: whatever else is asked, the endpoint itself understands or names what is wrong with it.
    private static bool TryReadQuery(string? query, out WatchEventId? known, out TimeSpan wait)
    {
        (known, wait) = (null, TimeSpan.Zero);
        if (string.IsNullOrEmpty(query))
            return true;

        if (query.AsSpan().ContainsAny('%', '+'))
            return false;

        var (hasIndex, hasWait) = (false, false);
        var text = query.AsSpan(1);
        foreach (var range in text.Split('&'))
        {
            var part = text[range];
            if (!hasIndex && part.StartsWith("index=", StringComparison.Ordinal) && ServingEndpoints.TryParseIndex(part["index=".Length..], out known))
                hasIndex = true;
            else if (!hasWait && part.StartsWith("wait=", StringComparison.Ordinal) && Formats.TryParseDuration(part["wait=".Length..], out wait) && wait <= ServingEndpoints.LongestWait)
                hasWait = true;
            else
                return false;
        }

        return true;
    }
}
