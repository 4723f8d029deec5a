using Dashboard.Web.Http;
using Microsoft.AspNetCore.Routing.Template;

namespace Dashboard.Web.Api;

/// <summary>Answers below <c>/api</c> what no endpoint takes: 404, or 405 with the methods that the address does take.</summary>
internal static class UnknownRoutes
{
    public static IResult Answer(HttpContext http, EndpointDataSource endpoints)
    {
        var path = http.Request.Path;
        var allowed = endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText is { } text && text.StartsWith("/api/v1/", StringComparison.Ordinal)
                && new TemplateMatcher(TemplateParser.Parse(text[1..]), []).TryMatch(path, []))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Order(StringComparer.Ordinal)
            .ToArray();
        if (allowed.Length == 0)
            return Problems.NotFound($"There is nothing at {path}. The API's reference is at /reference.");

        http.Response.Headers.Allow = string.Join(", ", allowed);
        return Problems.MethodNotAllowed(http.Request.Method, path, allowed);
    }
}
