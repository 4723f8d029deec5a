namespace Dashboard.Core.Operations;

/// <summary>Why a stage is not done. Several may hold at once.</summary>
[Flags]
public enum StageReasons
{
    None = 0,

    /// <summary>A data plane has not taken the revision yet.</summary>
    NotAcknowledged = 1,

    /// <summary>A data plane refused the revision.</summary>
    Refused = 1 << 1,

    /// <summary>A service is in panic: health is ignored, so instances that fail get their share and what fails there is tried elsewhere.</summary>
    Panic = 1 << 2,

    /// <summary>An instance's weight is still growing after its undrain.</summary>
    SlowStart = 1 << 3,

    /// <summary>Clients that cannot confirm what they hold may go by an old answer.</summary>
    StaleDns = 1 << 4,

    /// <summary>Nothing but long-lived connections is left, which end when their callers close them.</summary>
    LongLived = 1 << 5,

    /// <summary>No request was reported that could be judged.</summary>
    NoTraffic = 1 << 6,

    /// <summary>There were requests, but too few to tell.</summary>
    TooFewRequests = 1 << 7,

    /// <summary>An instance that should get traffic gets none because of its health.</summary>
    NotHealthy = 1 << 8,

    /// <summary>An instance is not registered any more, or its service is gone.</summary>
    Gone = 1 << 9,

    /// <summary>The traffic shows something else than what is intended.</summary>
    Disagrees = 1 << 10,

    /// <summary>What is in flight is not known.</summary>
    InFlightUnknown = 1 << 11,

    /// <summary>The drain's deadline has passed.</summary>
    DeadlinePassed = 1 << 12,

    /// <summary>What was changed is kept from new requests by an operator, so that the change moves no traffic until it is back.</summary>
    OutOfRotation = 1 << 13,
}
