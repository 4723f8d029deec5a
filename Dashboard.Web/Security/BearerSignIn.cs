using System.Security.Claims;
using Dashboard.Web.Http.Express;

namespace Dashboard.Web.Security;

/// <summary>Signs in by the bearer token alone; a cookie or a wrong token is for the whole sign-in to judge.</summary>
internal sealed class BearerSignIn(AdminToken token) : IExpressSignIn
{
    public ClaimsPrincipal? SignIn(HttpRequest request) =>
        request.Headers.Authorization is [{ } value] && value.StartsWith(BearerHandler.Prefix, StringComparison.Ordinal) && token.MatchesExactly(value.AsSpan(BearerHandler.Prefix.Length))
            ? BearerHandler.Admin
            : null;
}
