namespace Dashboard.Web.Console.State;

/// <summary>Every state that has a mark of its own. The same shape, word and colour mean the same thing on every page.</summary>
public enum MeshState
{
    Healthy,
    Degraded,
    Unhealthy,
    Unknown,
    Draining,
    Drained,
    Maintenance,
    Panic,
    Stale,

    /// <summary>An operation that is under way.</summary>
    UnderWay,

    /// <summary>An operation that ended without being carried through.</summary>
    Ended,
}
