using System.Globalization;

namespace Dashboard.Web.Security;

/// <summary>What happens at <see cref="SecurityPaths.SignIn"/> and <see cref="SecurityPaths.SignOut"/>.</summary>
internal static class SignInEndpoints
{
    /// <summary>A form with a token; nothing larger is read.</summary>
    public const int MaxFormBytes = 16 * 1024;

    public static IResult Show(HttpContext context)
    {
        var returnUrl = LocalOnly(context.Request.Query["returnUrl"]);
        if (context.User.Identity is { IsAuthenticated: true })
            return TypedResults.LocalRedirect(returnUrl);
        return context.Request.Query["code"].ToString() is { Length: > 0 } code
            ? SignInPage.Continue(context, code, returnUrl)
            : SignInPage.Ask(context, returnUrl);
    }

    public static async Task<IResult> SubmitAsync(HttpContext context, AdminToken token, SignInCodes codes, SignInThrottle throttle)
    {
        if (!context.Request.HasFormContentType)
            return TypedResults.Problem("A form with 'token' or 'code' is expected.", statusCode: StatusCodes.Status415UnsupportedMediaType);
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var returnUrl = LocalOnly(form["returnUrl"]);
        var address = context.Connection.RemoteIpAddress;
        var wait = throttle.WaitOf(address);
        if (wait > TimeSpan.Zero)
        {
            var seconds = (int)Math.Ceiling(wait.TotalSeconds);
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            return SignInPage.Ask(context, returnUrl, $"Too many failed attempts from your address. Try again in {seconds} seconds.", StatusCodes.Status429TooManyRequests);
        }

        var code = form["code"].ToString();
        if (code.Length > 0 ? codes.TryUse(code) : token.Matches(form["token"].ToString().Trim()))
        {
            await SessionCookie.SignInAsync(context);
            return TypedResults.LocalRedirect(returnUrl);
        }

        throttle.Failed(address);
        var fault = code.Length > 0 ? "This link was used already or has expired. Sign in with the token." : "That is not the admin token.";
        return SignInPage.Ask(context, returnUrl, fault, StatusCodes.Status401Unauthorized);
    }

    public static async Task<IResult> SignOutAsync(HttpContext context)
    {
        await SessionCookie.SignOutAsync(context);
        return TypedResults.LocalRedirect(SecurityPaths.SignIn);
    }

    /// <summary>A path of this console; anything that could lead elsewhere becomes the first page.</summary>
    private static string LocalOnly(string? url) =>
        url is ['/', ..] && url is not ['/', '/' or '\\', ..] && !url.Any(char.IsControl) && !url.StartsWith(SecurityPaths.SignIn, StringComparison.OrdinalIgnoreCase)
            ? url
            : "/";
}
