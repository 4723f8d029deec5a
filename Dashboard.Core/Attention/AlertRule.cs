namespace Dashboard.Core.Attention;

/// <summary>What somebody on call wants to be told of.</summary>
public enum AlertRule
{
    /// <summary>An instance that should take traffic fails its checks.</summary>
    InstanceUnhealthy,

    /// <summary>Every instance of a host that should take traffic, two or more, fails its checks.</summary>
    NodeUnhealthy,

    /// <summary>One more lost instance, or a few, and health will be ignored.</summary>
    ServiceNearPanic,

    /// <summary>Health is ignored, because too few instances are eligible.</summary>
    ServiceInPanic,

    /// <summary>Nobody serves: callers are refused.</summary>
    ServiceNotServing,

    /// <summary>Too large a part of the requests fails.</summary>
    ServiceFailing,

    /// <summary>The traffic is not divided as it should be.</summary>
    ShareAstray,

    /// <summary>A drain's deadline has passed and it holds.</summary>
    DrainOverdue,

    /// <summary>A data plane has not taken what changed, or is gone while an operation waits for it.</summary>
    FollowerBehind,

    /// <summary>A data plane refused what it was told.</summary>
    FollowerRefused,

    /// <summary>Many instances were lost at once, so none is removed.</summary>
    BrakeEngaged,

    /// <summary>A plan stopped by itself and waits for an operator.</summary>
    PlanPaused,

    /// <summary>Postgres is away: nothing can be changed.</summary>
    StoreAway,

    /// <summary>The registry began anew and empty, and data planes are kept from it.</summary>
    RegistryWithheld,
}

/// <summary>How soon a person is needed.</summary>
public enum AlertSeverity
{
    /// <summary>Look at it today.</summary>
    Warning,

    /// <summary>Look at it now: callers notice, or the next fault will make them.</summary>
    Critical,
}
