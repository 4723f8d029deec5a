using System.Security.Claims;

namespace Dashboard.Web.Http.Express;

/// <summary>Signs in a program by what its request carries, without a look at anything else.</summary>
internal interface IExpressSignIn
{
    /// <summary>Who asks; null when only the whole sign-in can tell.</summary>
    ClaimsPrincipal? SignIn(HttpRequest request);
}
