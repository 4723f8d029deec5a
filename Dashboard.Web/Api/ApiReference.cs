using Dashboard.Web.Http;
using Scalar.AspNetCore;

namespace Dashboard.Web.Api;

/// <summary>The OpenAPI document (<c>/openapi/v1.json</c>) and a page that shows it (<c>/reference</c>).</summary>
internal static class ApiReference
{
    private const string Assets = "/reference/assets";

    // Scalar's own page starts itself from an inline script, which the console's content security policy does not run.
    private const string Page =
        $"""
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <title>Dashboard API</title>
          <link rel="icon" href="data:,">
        </head>
        <body>
          <div id="app"></div>
          <script src="{Assets}/scalar.js"></script>
          <script src="/reference/start.js"></script>
        </body>
        </html>
        """;

    private const string Start =
        """
        Scalar.createApiReference('#app', {
          url: '/openapi/v1.json',
          servers: [{ url: window.location.origin }],
          withDefaultFonts: false,
          hideClientButton: true,
          showDeveloperTools: 'never',
          telemetry: false,
          agent: { disabled: true },
          mcp: { disabled: true }
        })
        """;

    public static void AddApiReference(this IServiceCollection services) =>
        services.AddOpenApi("v1", options => options.AddOperationTransformer(RequestShape.DescribeAsync).AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Dashboard";
            document.Info.Version = "v1";
            document.Info.Description = "Registry, traffic control and discovery of a service mesh. Errors are RFC 9457 problem details; a 400 lists every fault in `errors`, each with its path.";
            document.Servers?.Clear();
            return Task.CompletedTask;
        }));

    public static void MapApiReference(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi();
        // For its script alone.
        endpoints.MapScalarApiReference(Assets);
        endpoints.MapGet("/reference", () => Results.Text(Page, "text/html; charset=utf-8")).ExcludeFromDescription();
        endpoints.MapGet("/reference/start.js", () => Results.Text(Start, "text/javascript; charset=utf-8")).ExcludeFromDescription();
    }
}
