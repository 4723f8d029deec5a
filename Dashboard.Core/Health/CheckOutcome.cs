namespace Dashboard.Core.Health;

/// <summary>What one probe or heartbeat says.</summary>
public enum CheckOutcome
{
    Passing,

    /// <summary>Able to serve, but not well: the instance is Degraded. Only heartbeats say so.</summary>
    Warning,

    Critical,
}
