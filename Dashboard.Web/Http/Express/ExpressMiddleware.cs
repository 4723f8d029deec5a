using System.Security.Claims;

namespace Dashboard.Web.Http.Express;

/// <summary>
/// Ahead of routing, sign-in and endpoint filters: a registration, a heartbeat or a look at a service's endpoints, also one that waits, in its plain form costs a fraction of what the whole pipeline does.
/// Anything unusual goes the whole way.
/// </summary>
internal sealed class ExpressMiddleware(RequestDelegate next, IEnumerable<IExpressEndpoint> endpoints, IExpressSignIn signIn, EndpointDataSource routes)
{
    private const string Prefix = "/api/v1/services/";

    private readonly IExpressEndpoint[] _endpoints = [.. endpoints];

    // What the routes are called in metrics; found at the first request, when all are mapped.
    private Endpoint?[]? _named;

    public Task InvokeAsync(HttpContext http)
    {
        var request = http.Request;
        if (request.PathBase.HasValue || request.Path.Value is not { } path || !path.StartsWith(Prefix, StringComparison.Ordinal))
            return next(http);

        var rest = path.AsSpan(Prefix.Length);
        for (var i = 0; i < _endpoints.Length; i++)
        {
            if (_endpoints[i].Method == request.Method && (_endpoints[i].TakesQuery || !request.QueryString.HasValue) && _endpoints[i].Matches(rest, out var service, out var instance))
                return signIn.SignIn(request) is { } user ? AnswerAsync(http, i, user, service, instance) : next(http);
        }

        return next(http);
    }

    private async Task AnswerAsync(HttpContext http, int index, ClaimsPrincipal user, string service, string? instance)
    {
        http.User = user;
        try
        {
            if (await _endpoints[index].TryAnswerAsync(http, service, instance))
            {
                http.SetEndpoint((_named ??= Names())[index]);
                return;
            }
        }
        catch (Exception failure) when (!http.Response.HasStarted)
        {
            await Failures.Of(http, failure).ExecuteAsync(http);
            return;
        }

        // Nobody yet: whoever signs in is not known before the whole sign-in.
        http.User = new ClaimsPrincipal(new ClaimsIdentity());
        await next(http);
    }

    // A group's own route ends in a slash.
    private Endpoint?[] Names() =>
    [
        .. _endpoints.Select(express => routes.Endpoints.OfType<RouteEndpoint>().FirstOrDefault(route =>
            route.RoutePattern.RawText?.TrimEnd('/') == express.Route && route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(express.Method) == true)),
    ];
}
