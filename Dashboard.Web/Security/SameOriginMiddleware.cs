namespace Dashboard.Web.Security;

/// <summary>
/// Refuses what another site's page could make a signed-in browser send: requests that change something, and WebSockets, whose
/// <c>Sec-Fetch-Site</c> or <c>Origin</c> is not the console itself. SameSite cookies alone do not keep out a page on another port of the same
/// host. A bearer token is exempt: no browser adds it by itself. (https://cheatsheetseries.owasp.org, Cross-Site Request Forgery Prevention:
/// Fetch Metadata, Standard Headers)
/// </summary>
internal sealed class SameOriginMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context) =>
        !CanBeForged(context.Request) || IsSameOrigin(context.Request)
            ? next(context)
            : TypedResults.Problem(
                "The request does not come from one of the console's own pages. A program sends 'Authorization: Bearer TOKEN' in place of the cookie.",
                statusCode: StatusCodes.Status403Forbidden,
                title: "Cross-site request refused").ExecuteAsync(context);

    private static bool CanBeForged(HttpRequest request)
    {
        var changes = !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method) || HttpMethods.IsTrace(request.Method));
        var opensSocket = request.Headers.Upgrade.Count > 0 || HttpMethods.IsConnect(request.Method);
        return (changes || opensSocket) && !BearerHandler.Carries(request);
    }

    private static bool IsSameOrigin(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();

        // Not sent over plain HTTP to a host other than loopback, where the origin decides alone. WebSockets from old browsers lack it too.
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is not ("" or "same-origin" or "none"))
            return false;
        if (origin.Length > 0)
            return Uri.TryCreate(origin, UriKind.Absolute, out var url) && string.Equals(url.Authority, AuthorityOf(request, url), StringComparison.OrdinalIgnoreCase);

        // Neither header: no browser of this decade. A program that carries no session has nothing to be forged.
        return site.Length > 0 || !request.Cookies.ContainsKey(SessionCookie.Name);
    }

    /// <summary>The Host header as an origin writes it: without the scheme's own port. The scheme is the origin's, since TLS may end at a proxy.</summary>
    private static string AuthorityOf(HttpRequest request, Uri origin) =>
        Uri.TryCreate($"{origin.Scheme}://{request.Host.Value}", UriKind.Absolute, out var own) ? own.Authority : "";
}
