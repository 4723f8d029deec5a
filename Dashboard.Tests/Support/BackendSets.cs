using Dashboard.Core.Registry;

namespace Dashboard.Tests.Support;

/// <summary>Serving sets of real backends.</summary>
internal static class BackendSets
{
    /// <summary>All serving, each in turn.</summary>
    public static ServingSet Set(string service, params Backend[] backends) => new()
    {
        Service = service,
        Protocol = ServiceProtocol.Http,
        Policy = BalancingPolicy.RoundRobin,
        Revision = 1,
        Panic = false,
        Total = backends.Length,
        Endpoints = [.. backends.Select(backend => Endpoint(backend.Id, backend.Port)).OrderBy(endpoint => endpoint.Id, StringComparer.Ordinal)],
        Leaving = [],
    };

    public static ServingEndpoint Endpoint(string id, int port, int weight = 100) => new(id, "127.0.0.1", port, weight, null, null, null);

    /// <summary>The set with one instance taken out of the serving ones.</summary>
    public static ServingSet Leaving(this ServingSet set, string id, bool forced = false)
    {
        var endpoint = set.Endpoints.FirstOrDefault(endpoint => endpoint.Id == id);
        var leaving = set.Leaving.FirstOrDefault(leaving => leaving.Id == id);
        return set with
        {
            Endpoints = set.Endpoints.RemoveAll(other => other.Id == id),
            Leaving = [.. set.Leaving.RemoveAll(other => other.Id == id), new(id, "127.0.0.1", endpoint?.Port ?? leaving!.Port, forced ? IntentKind.Drained : IntentKind.Draining, forced)],
        };
    }
}
