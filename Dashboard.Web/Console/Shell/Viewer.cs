using Dashboard.Core.Registry;
using Microsoft.AspNetCore.Components.Authorization;

namespace Dashboard.Web.Console.Shell;

/// <summary>Who looks at this circuit's pages. Scoped: one a circuit.</summary>
public sealed class Viewer(AuthenticationStateProvider authentication)
{
    /// <summary>Network address of the browser; null when unknown.</summary>
    public string? Address { get; set; }

    /// <summary>Who a command is by. Circuits bypass the HTTP policies, so each command asks here; null = not signed in, and nothing may be done.</summary>
    public async Task<Actor?> FindActorAsync()
    {
        var state = await authentication.GetAuthenticationStateAsync();
        return state.User.Identity is { IsAuthenticated: true } identity ? new(identity.Name ?? "operator", ActorKind.Operator, Address) : null;
    }
}
