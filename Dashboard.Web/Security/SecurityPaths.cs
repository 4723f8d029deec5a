namespace Dashboard.Web.Security;

/// <summary>Paths and scheme names that other parts may name.</summary>
public static class SecurityPaths
{
    /// <summary>The sign-in page; <c>?returnUrl=</c> leads on, <c>?code=</c> signs in once.</summary>
    public const string SignIn = "/sign-in";

    /// <summary>POST ends the session: <c>&lt;form method="post" action="/sign-out"&gt;</c>.</summary>
    public const string SignOut = "/sign-out";
}
