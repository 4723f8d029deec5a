using System.Security.Claims;

namespace Dashboard.Web.Security;

public static class ActorNames
{
    /// <summary>The name under which a principal's acts are recorded: <c>admin</c> in a browser, <c>token:admin</c> for a bearer token.</summary>
    /// <exception cref="InvalidOperationException">Nobody is signed in.</exception>
    public static string ActorName(this ClaimsPrincipal principal) =>
        principal.Identity is { IsAuthenticated: true, Name: { } name } ? name : throw new InvalidOperationException("Nobody is signed in.");
}
