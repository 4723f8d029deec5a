using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Dashboard.Web.Http;

/// <summary>
/// Tells OpenAPI what an endpoint's body looks like. Not <c>Accepts</c>: routing reads that too, and then sends a body of another content type past the endpoint, to
/// an answer that is not a problem.
/// </summary>
internal sealed record RequestBody(Type Type, bool Required);

/// <summary>Tells OpenAPI of a query parameter.</summary>
internal sealed record QueryParameter(string Name, string Description);

/// <summary>Describes requests to OpenAPI: endpoints read route, query and body by themselves, so it cannot see them.</summary>
internal static class RequestShape
{
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, bool required = false) => endpoint.WithMetadata(new RequestBody(typeof(T), required));

    public static RouteHandlerBuilder Query(this RouteHandlerBuilder endpoint, string name, string description) => endpoint.WithMetadata(new QueryParameter(name, description));

    public static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Parameters = [];
        foreach (var name in PathParameters(context.Description.RelativePath ?? ""))
            operation.Parameters.Add(Parameter(name, ParameterLocation.Path, null));

        foreach (var query in metadata.OfType<QueryParameter>())
            operation.Parameters.Add(Parameter(query.Name, ParameterLocation.Query, query.Description));

        if (metadata.OfType<RequestBody>().FirstOrDefault() is not { } body)
            return;

        operation.RequestBody = new OpenApiRequestBody
        {
            Required = body.Required,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new() { Schema = await context.GetOrCreateSchemaAsync(body.Type, parameterDescription: null, cancellationToken) },
            },
        };
    }

    private static IEnumerable<string> PathParameters(string path) =>
        path.Split('/').Where(segment => segment.StartsWith('{') && segment.EndsWith('}')).Select(segment => segment[1..^1]);

    private static OpenApiParameter Parameter(string name, ParameterLocation location, string? description) => new()
    {
        Name = name,
        In = location,
        Required = location == ParameterLocation.Path,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };
}
