using Microsoft.Net.Http.Headers;

namespace Dashboard.Web.Security;

/// <summary>The answer to a request without valid credentials.</summary>
internal static class Unauthorized
{
    /// <summary>Browsers that ask for a page are led to the sign-in page; everything else gets problem details.</summary>
    public static bool WantsPage(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && !request.Path.StartsWithSegments("/api")
        && !request.Path.StartsWithSegments(SecurityPaths.SignIn)
        && request.GetTypedHeaders().Accept.Any(accept => accept.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase));

    public static Task WriteAsync(HttpContext context)
    {
        context.Response.Headers.Append(HeaderNames.WWWAuthenticate, "Bearer realm=\"dashboard\"");
        var detail = BearerHandler.Carries(context.Request)
            ? "The bearer token is not the console's admin token."
            : "Send the console's admin token as 'Authorization: Bearer TOKEN', or sign in with a browser.";
        return TypedResults.Problem(detail, statusCode: StatusCodes.Status401Unauthorized, title: "Credentials are needed").ExecuteAsync(context);
    }
}
