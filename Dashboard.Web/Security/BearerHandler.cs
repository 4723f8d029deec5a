using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Dashboard.Web.Security;

/// <summary>Signs a request in by <c>Authorization: Bearer TOKEN</c>.</summary>
internal sealed class BearerHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, AdminToken token, RefusedTokens refused)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Name = "Bearer";

    public const string Prefix = "Bearer ";

    // One principal serves every request: it never changes, and a console follows its gateways by the second.
    public static readonly ClaimsPrincipal Admin = new(new ClaimsIdentity([new Claim(ClaimTypes.Name, "token:admin")], Name));

    public static bool Carries(HttpRequest request) => request.Headers.Authorization.ToString().StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!Carries(Request))
            return Task.FromResult(AuthenticateResult.NoResult());
        if (token.Matches(Request.Headers.Authorization.ToString()[Prefix.Length..].Trim()))
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(Admin, Name)));

        refused.Note(Context.Connection.RemoteIpAddress);
        return Task.FromResult(AuthenticateResult.Fail("The bearer token is not the admin token."));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) => Unauthorized.WriteAsync(Context);
}
