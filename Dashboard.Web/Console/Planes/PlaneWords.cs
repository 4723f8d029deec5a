using Dashboard.Core.Discovery;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Planes;

/// <summary>Data planes in an operator's words.</summary>
internal static class PlaneWords
{
    public static string Kind(FollowerKind kind) => kind switch
    {
        FollowerKind.Gateway => "gateway",
        FollowerKind.Http => "HTTP client",
        FollowerKind.Watch => "watch stream",
        FollowerKind.Xds => "Envoy (xDS)",
        FollowerKind.GrpcXds => "gRPC client (xDS)",
        FollowerKind.AgentCheck => "HAProxy (agent check)",
        FollowerKind.Dns => "DNS client",
        _ => kind.ToString(),
    };

    public static string State(FollowerState state) => state switch
    {
        FollowerState.Current => "Up to date",
        FollowerState.CatchingUp => "Catching up",
        FollowerState.Behind => "Behind",
        FollowerState.Refused => "Refused",
        FollowerState.Silent => "Silent",
        _ => "Cannot confirm",
    };

    public static MeshState Mark(FollowerState state) => state switch
    {
        FollowerState.Current => MeshState.Healthy,
        FollowerState.CatchingUp => MeshState.UnderWay,
        FollowerState.Behind => MeshState.Degraded,
        FollowerState.Refused => MeshState.Unhealthy,
        FollowerState.Silent => MeshState.Stale,
        _ => MeshState.Unknown,
    };

    /// <summary>What the state means, in a sentence.</summary>
    public static string Meaning(FollowerState state) => state switch
    {
        FollowerState.Current => "has taken every change of what it follows",
        FollowerState.CatchingUp => "has not yet taken what was changed in the last seconds",
        FollowerState.Behind => "has not taken a change for more than 10 s",
        FollowerState.Refused => "refused what it was told and keeps what it had",
        FollowerState.Silent => "is not connected",
        _ => "has no way to say what it holds; nobody waits for it",
    };

    /// <summary>How the address names a state.</summary>
    public static string Value(FollowerState state) => char.ToLowerInvariant(state.ToString()[0]) + state.ToString()[1..];

    public static string Value(FollowerKind kind) => char.ToLowerInvariant(kind.ToString()[0]) + kind.ToString()[1..];

    /// <summary>What it follows, in a few words.</summary>
    public static string Follows(Follower? follower) => follower switch
    {
        null => Format.None,
        { Services: null } => "every service",
        { Services.Count: 0 } => "nothing yet",
        { Services.Count: 1 } => follower.Services.First(),
        _ => Format.Plural(follower.Services.Count, "service"),
    };
}
