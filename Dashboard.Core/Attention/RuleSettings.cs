using System.Collections.Immutable;

namespace Dashboard.Core.Attention;

/// <summary>How one rule is applied.</summary>
/// <param name="For">How long its condition holds before the alert fires, 0 s to 1 h.</param>
/// <param name="Clear">How long the condition is gone before the alert counts as resolved, 0 s to 1 h: what comes and goes stays one alert.</param>
/// <param name="Threshold">See <see cref="RuleDescription.Threshold"/>; null for a rule without one.</param>
public sealed record RuleSettings(AlertSeverity Severity, TimeSpan For, TimeSpan Clear, double? Threshold = null, bool Enabled = true);

/// <summary>A rule as it comes.</summary>
/// <param name="Title">For a list of rules.</param>
/// <param name="Meaning">When it raises an alert, in one sentence.</param>
/// <param name="Threshold">What its threshold is, with its unit and range; null = it has none.</param>
public sealed record RuleDescription(AlertRule Rule, string Title, string Meaning, RuleSettings Defaults, RuleThreshold? Threshold = null);

/// <param name="Name">What it is, with its unit.</param>
public sealed record RuleThreshold(string Name, double Least, double Most);

/// <summary>Every rule with its defaults.</summary>
public static class RuleBook
{
    private static readonly TimeSpan Clear = TimeSpan.FromSeconds(15);

    public static ImmutableArray<RuleDescription> All { get; } =
    [
        new(AlertRule.ServiceNotServing, "Nobody serves", "A service has nobody who gets its requests, although instances are registered or somebody calls it.", Critical(10)),
        new(AlertRule.ServiceInPanic, "In panic", "So few instances are eligible that health is ignored.", Critical(5)),
        new(AlertRule.ServiceFailing, "Requests fail", "More than the threshold of a service's requests failed in the last half to whole minute, of at least 50.", Critical(10, 5), new("failed requests, %", 0.1, 100)),
        new(AlertRule.NodeUnhealthy, "Host unhealthy", "Every instance of a host that should take traffic fails its checks, and there are at least two. One alert for all that failed with it.", Critical(15)),
        new(AlertRule.StoreAway, "Postgres away", "The registry's database cannot be written to: changes are refused, traffic goes on.", Critical(10)),
        new(AlertRule.RegistryWithheld, "Registry withheld", "The registry began anew and empty, and data planes keep the former one until an operator confirms.", Critical(0)),
        new(AlertRule.BrakeEngaged, "Mass-loss brake", "Many instances of a service were lost at once, so lost ones are not removed.", Critical(0)),
        new(AlertRule.InstanceUnhealthy, "Instance unhealthy", "An instance that should take traffic fails its checks.", Warning(15)),
        new(AlertRule.ServiceNearPanic, "Near panic", "A part of a service is not eligible, and one more lost instance, or as many percentage points as the threshold, would bring panic.", Warning(10, 10), new("distance to panic, percentage points", 0, 50)),
        new(AlertRule.DrainOverdue, "Drain overdue", "A drain's deadline has passed and it is not drained.", Warning(5)),
        new(AlertRule.FollowerBehind, "Data plane behind", "A data plane has not taken a change for that long, or is gone while an operation waits for it.", Warning(30)),
        new(AlertRule.FollowerRefused, "Data plane refused", "A data plane refused what it was told and goes on by what it had before.", Warning(5)),
        new(AlertRule.ShareAstray, "Share astray", "An instance's part of the requests is further from the intended one than the threshold and than chance explains.", Warning(30, 10), new("distance, percentage points", 1, 100)),
        new(AlertRule.PlanPaused, "Plan paused", "A plan stopped by itself and waits for an operator.", Warning(0)),
    ];

    public static RuleDescription Of(AlertRule rule) => All.First(description => description.Rule == rule);

    private static RuleSettings Critical(int seconds, double? threshold = null) => new(AlertSeverity.Critical, TimeSpan.FromSeconds(seconds), Clear, threshold);

    private static RuleSettings Warning(int seconds, double? threshold = null) => new(AlertSeverity.Warning, TimeSpan.FromSeconds(seconds), Clear, threshold);
}
