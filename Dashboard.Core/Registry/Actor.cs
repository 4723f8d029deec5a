namespace Dashboard.Core.Registry;

/// <summary>Whose hand a command is.</summary>
public enum ActorKind
{
    /// <summary>A person or their tool: guards bind it.</summary>
    Operator,

    /// <summary>A service that registers itself.</summary>
    Service,

    /// <summary>The console itself: probes, expiry, deadlines.</summary>
    System,
}

/// <summary>Who acts, from where.</summary>
/// <param name="Name">Sign-in name, token name or the acting part of the console, for example <c>health</c>.</param>
/// <param name="Address">Network address that the request came from; null for the console itself.</param>
public sealed record Actor(string Name, ActorKind Kind, string? Address = null)
{
    public static Actor System(string part) => new(part, ActorKind.System);
}
