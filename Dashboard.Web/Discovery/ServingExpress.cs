using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Web.Http;
using Dashboard.Web.Http.Express;

namespace Dashboard.Web.Discovery;

/// <summary>The short way to a service's endpoints, for who is no follower by name. Hundreds that wait for one service ask again at the same moment, while others are still to be told.</summary>
internal sealed class ServingExpress(RegistryServingSource source, ServingEndpoints endpoints, ServingBytes bytes, TimeProvider time) : IExpressEndpoint
{
    private const string Tail = "/endpoints";

    public string Method => HttpMethods.Get;

    public string Route => "/api/v1/services/{service}/endpoints";

    public bool TakesQuery => true;

    public bool Matches(string rest, out string service, out string? instance)
    {
        instance = null;
        service = rest.EndsWith(Tail, StringComparison.Ordinal) ? rest[..^Tail.Length] : "";
        return service.Length > 0;
    }

    public ValueTask<bool> TryAnswerAsync(HttpContext http, string service, string? instance)
    {
        var current = !source.IsBehind(service);
        var catalog = source.Feed.Current;
        if (!current || !catalog.Services.TryGetValue(service, out var set) || http.Request.Headers[WatchProtocol.ClientHeader].Count > 0 || http.Request.Headers[WatchProtocol.KindHeader].Count > 0)
            return ValueTask.FromResult(false);

        return !http.Request.QueryString.HasValue ? AnswerAsync(http, new(bytes.Of(set), catalog, source.StaleSince, time))
            : TryReadQuery(http.Request.QueryString.Value!, out var known, out var wait) ? AnswerAsync(http, service, known, wait)
            : ValueTask.FromResult(false);
    }

    private static async ValueTask<bool> AnswerAsync(HttpContext http, ServingAnswer answer)
    {
        await answer.ExecuteAsync(http);
        return true;
    }

    private async ValueTask<bool> AnswerAsync(HttpContext http, string service, WatchEventId? known, TimeSpan wait)
    {
        var answer = await endpoints.AnswerAsync(http, service, known, wait);
        await answer.ExecuteAsync(http);
        return true;
    }

    /// <summary>Reads an index and a wait, each given at most once and written plainly; false for whatever else there is.</summary>
    private static bool TryReadQuery(string query, out WatchEventId? known, out TimeSpan wait)
    {
        known = null;
        wait = TimeSpan.Zero;
        var (hasIndex, hasWait) = (false, false);
        var text = query.AsSpan(1);
        if (text.ContainsAny('%', '+'))
            return false;

        foreach (var range in text.Split('&'))
        {
            var part = text[range];
            if (!hasIndex && part.StartsWith("index=", StringComparison.Ordinal) && ServingEndpoints.TryParseIndex(part["index=".Length..].ToString(), out known))
                hasIndex = true;
            else if (!hasWait && part.StartsWith("wait=", StringComparison.Ordinal) && Formats.TryParseDuration(part["wait=".Length..].ToString(), out wait) && wait <= ServingEndpoints.LongestWait)
                hasWait = true;
            else
                return false;
        }

        return true;
    }
}
