using Dashboard.Core.Discovery.Wire;
using Dashboard.Web.Http;
using Dashboard.Web.Http.Express;

namespace Dashboard.Web.Discovery;

/// <summary>What data planes read and answer over HTTP: blocking queries, the watch stream, acknowledgements and reports.</summary>
public static class DiscoveryEndpoints
{
    public static IServiceCollection AddDiscoveryEndpoints(this IServiceCollection services)
    {
        services.AddHttpJson();
        services.AddSingleton<ServingBytes>();
        services.AddSingleton<ServingEndpoints>();
        services.AddSingleton<IExpressEndpoint, ServingExpress>();
        services.AddSingleton<WatchStream>();
        return services;
    }

    public static IEndpointRouteBuilder MapDiscovery(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api/v1").AddEndpointFilter(Failures.FilterAsync);
        api.MapGet("/services/{service}/endpoints", (HttpContext http, ServingEndpoints serving) => serving.GetAsync(http)).WithTags("Discovery")
            .WithSummary("The serving set: who gets new requests, with weights")
            .WithDescription($"With index and wait it answers as soon as the service has changed after the index, or when the wait is over. A client that names itself in {WatchProtocol.ClientHeader} acknowledges the index that it asks with.")
            .Query("index", $"A revision, or what {ServingEndpoints.IndexHeader} said").Query("wait", "At most 10m; 30s, 500ms, 5m or seconds")
            .Produces<ServingDocument>().Faults(404, 503);
        api.MapGet("/watch", (HttpContext http, WatchStream watch) => watch.Get(http)).WithTags("Discovery")
            .WithSummary("Server-sent events: a snapshot of the serving sets, then changes")
            .Query("services", "Names, separated by commas; left out = all")
            .Produces<string>(200, "text/event-stream").Faults();
        PrometheusEndpoint.Map(api);
        SubscriberEndpoints.Map(api);
        ReportEndpoints.Map(api);
        return endpoints;
    }
}
