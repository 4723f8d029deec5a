using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Web.Http.Express;

namespace Dashboard.Web.Discovery;

/// <summary>The short way to a service's endpoints, for who neither waits nor is a follower by name.</summary>
internal sealed class ServingExpress(RegistryServingSource source, ServingBytes bytes, TimeProvider time) : IExpressEndpoint
{
    private const string Tail = "/endpoints";

    public string Method => HttpMethods.Get;

    public string Route => "/api/v1/services/{service}/endpoints";

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
        return current && catalog.Services.TryGetValue(service, out var set) && http.Request.Headers[WatchProtocol.ClientHeader].Count == 0 && http.Request.Headers[WatchProtocol.KindHeader].Count == 0
            ? AnswerAsync(http, new(bytes.Of(set), catalog, source.StaleSince, time))
            : ValueTask.FromResult(false);
    }

    private static async ValueTask<bool> AnswerAsync(HttpContext http, ServingAnswer answer)
    {
        await answer.ExecuteAsync(http);
        return true;
    }
}
