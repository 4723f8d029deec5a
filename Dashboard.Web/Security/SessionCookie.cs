using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Dashboard.Web.Security;

/// <summary>The session of a browser.</summary>
internal static class SessionCookie
{
    public const string Name = "dashboard-session";

    private const string FingerprintClaim = "token";

    public static void Configure(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = Name;
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Strict;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.ExpireTimeSpan = TimeSpan.FromHours(12);
        options.SlidingExpiration = true;
        options.LoginPath = SecurityPaths.SignIn;
        options.ReturnUrlParameter = "returnUrl";
        options.Events.OnRedirectToLogin = redirect =>
        {
            if (!Unauthorized.WantsPage(redirect.Request))
                return Unauthorized.WriteAsync(redirect.HttpContext);
            redirect.Response.Redirect(redirect.RedirectUri);
            return Task.CompletedTask;
        };
        options.Events.OnValidatePrincipal = validation =>
        {
            if (validation.Principal?.FindFirstValue(FingerprintClaim) != FingerprintOf(validation.HttpContext))
                validation.RejectPrincipal();
            return Task.CompletedTask;
        };
    }

    public static Task SignInAsync(HttpContext context)
    {
        Claim[] claims = [new(ClaimTypes.Name, "admin"), new(FingerprintClaim, FingerprintOf(context))];
        return context.SignInAsync(
            CookieAuthenticationDefaults.AuthenticationScheme,
            new ClaimsPrincipal(new ClaimsIdentity(claims, CookieAuthenticationDefaults.AuthenticationScheme)),
            new AuthenticationProperties { IsPersistent = true });
    }

    public static Task SignOutAsync(HttpContext context) => context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);

    private static string FingerprintOf(HttpContext context) => context.RequestServices.GetRequiredService<AdminToken>().Fingerprint;
}
