namespace Dashboard.Web.Security;

/// <summary>Headers of every answer. They are set before the endpoint runs, so that a page with needs of its own can replace one.</summary>
internal static class SecurityHeaders
{
    /// <summary>MudBlazor sets inline styles; scripts come from the console's own files alone.</summary>
    private const string ContentPolicy =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        + "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>For programs: what they get is shown by no browser as a page, and runs and loads nothing should one show it.</summary>
    private const string NothingPolicy = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>Those that mean something beside an answer for programs. The rest is of pages, and costs a program that registers thousands of times a second more than the answer itself.</summary>
    public static Task WriteForProgramsAsync(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = NothingPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        return next(context);
    }

    public static Task WriteAsync(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";

        // With no-referrer a browser sends "Origin: null" with the console's own forms.
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        return next(context);
    }
}
