using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Discovery;

/// <summary><c>GET /prometheus/sd</c>: the registered instances as targets for Prometheus' <c>http_sd_configs</c>.</summary>
internal static class PrometheusEndpoint
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/prometheus/sd", Get).WithTags("Discovery")
            .WithSummary("Targets for Prometheus' http_sd_configs: every registered instance, with labels")
            .WithDescription(
                "A target a registered instance, whatever its intent and health, ordered by service and instance id. What is known of it stands in labels that begin with __meta_mesh_, for relabelling. "
                + $"An instance says in its metadata where its metrics are, if not at /metrics on its own port: {PrometheusTargets.PortKey}, {PrometheusTargets.PathKey}, {PrometheusTargets.SchemeKey}; {PrometheusTargets.ScrapeKey}: false leaves it out.")
            .Query("services", "Only these services; names, separated by commas").Query("namespace", "Only services in this namespace")
            .Produces<TargetGroupDocument[]>().Faults();

    private static IResult Get(HttpContext http, IRegistry registry)
    {
        var input = RequestInput.Without(http);
        var services = input.QueryServices("services");
        var name = input.Query("namespace", Formats.Namespace);
        if (input.Problem is { } problem)
            return problem;

        http.Response.Headers.CacheControl = "no-store";
        return Results.Ok(PrometheusTargets.Of(registry.Current, services, name).ToArray());
    }
}
