using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Dashboard.Core.Registry;

/// <summary>What a plan does to each of its targets.</summary>
public enum PlanKind
{
    Drain,

    /// <summary>Ends Drained and Maintenance.</summary>
    Undrain,

    Maintenance,

    /// <summary>Moves a service's traffic from one version to another by weights.</summary>
    WeightShift,
}

/// <summary>In which order a plan takes its targets.</summary>
public enum PlanOrder
{
    /// <summary>One zone after the other: what goes wrong stays in one zone.</summary>
    ZoneByZone,

    /// <summary>Evenly over services, whatever the zone.</summary>
    Spread,
}

/// <summary>What was asked for when a plan was opened, with its targets resolved. Never changes.</summary>
public sealed record PlanDefinition
{
    public required PlanKind Kind { get; init; }

    public required PlanSelection Selection { get; init; }

    public required string Actor { get; init; }

    public string? Reason { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public required DateTimeOffset CommittedAt { get; init; }

    /// <summary>When it begins; null = at once.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>At least one.</summary>
    public required ImmutableArray<PlanWave> Waves { get; init; }

    public PlanPace Pace { get; init; } = PlanPace.Default;

    /// <summary>What makes it pause by itself.</summary>
    public PlanThresholds Thresholds { get; init; } = PlanThresholds.Default;

    public PlanAct Act { get; init; } = PlanAct.Default;

    /// <summary>Weight shifts only.</summary>
    public ShiftSettings? Shift { get; init; }

    /// <summary>The services that it touches, in ordinal order.</summary>
    public ImmutableArray<string> Services { get; init; } = [];

    /// <summary>Instances that it acts on; for a shift those of both versions when it was opened.</summary>
    [JsonIgnore]
    public IEnumerable<InstanceKey> Keys => Waves.SelectMany(wave => wave.Targets).Select(target => target.Key).Distinct();
}

/// <summary>One wave: what is done before the plan waits and looks.</summary>
public sealed record PlanWave
{
    public ImmutableArray<PlanTarget> Targets { get; init; } = [];

    /// <summary>Weight shifts: the new version's part of the traffic from this step on, 1-100.</summary>
    public int? Percent { get; init; }

    /// <summary>The last wave of a host's drain: the host's own intent takes over from its instances', so that what registers there later is drained too.</summary>
    public string? Node { get; init; }

    /// <summary>How many acts it takes: one for each target; a step of a shift and the host are one.</summary>
    [JsonIgnore]
    public int Acts => Percent is null && Node is null ? Targets.Length : 1;
}

/// <summary>An instance with the intent that the plan expects to find; null = active.</summary>
public readonly record struct PlanTarget(InstanceKey Key, Intent? Before = null);

/// <summary>What a plan was asked to act on: instances that match everything that is given.</summary>
public sealed record PlanSelection
{
    public string? Service { get; init; }

    public string? Node { get; init; }

    public string? Zone { get; init; }

    public string? Version { get; init; }

    /// <summary>Named one by one; empty = all that match the rest.</summary>
    public ImmutableArray<InstanceKey> Instances { get; init; } = [];

    /// <summary>It names a whole host.</summary>
    [JsonIgnore]
    public bool IsWholeNode => Node is not null && Service is null && Zone is null && Version is null && Instances.IsEmpty;

    /// <summary>As the audit names it.</summary>
    [JsonIgnore]
    public string Target => IsWholeNode ? $"node:{Node}"
        : Instances is [var only] ? only.ToString()
        : Service ?? (Instances.Select(key => key.Service).Distinct().ToArray() is [var one] ? one : Node is not null ? $"node:{Node}" : Zone is not null ? $"zone:{Zone}" : "plan");

    public bool Matches(Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var registration = instance.Registration;
        return (Service is null || instance.Key.Service == Service) && (Node is null || registration.Node == Node) && (Zone is null || registration.Zone == Zone)
            && (Version is null || registration.Version == Version) && (Instances.IsEmpty || Instances.Contains(instance.Key));
    }
}

/// <summary>How large waves are and how fast they follow each other.</summary>
public sealed record PlanPace
{
    public static readonly PlanPace Default = new();

    /// <summary>At most so many instances a wave, 1-5000; null = no such limit.</summary>
    public int? WaveSize { get; init; }

    /// <summary>At most this part of each service's instances a wave, and at least one of each, 1-100 %.</summary>
    public int WavePercent { get; init; } = 25;

    public PlanOrder Order { get; init; } = PlanOrder.ZoneByZone;

    /// <summary>How long a wave that is done is watched before the next one begins: 0-3600 s.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>How the act of a plan is carried out.</summary>
public sealed record PlanAct
{
    public static readonly PlanAct Default = new();

    /// <summary>Drain: how long to wait for requests in flight; null = each service's default.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Drain: what then; null = each service's default.</summary>
    public DeadlineAction? AtDeadline { get; init; }

    /// <summary>Maintenance: when it expires; null = when undone.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Maintenance: how long it lasts from the instance's wave on; null = <see cref="Until"/> counts.</summary>
    public TimeSpan? Lasts { get; init; }

    /// <summary>Undrain: the weight of each instance grows over this time, 1-3600 s; null = at once.</summary>
    public int? RampSeconds { get; init; }
}

/// <summary>
/// When a plan pauses by itself. It looks at the last <see cref="Window"/> of each service that it touches, from its start or its last resume on, and pauses when
/// the window shows, at a level of 0.1 % a look, more errors than the baseline and <see cref="ErrorRise"/> together, or more than one request in twenty slower than
/// <see cref="P95Ratio"/> times the baseline's p95 (a one-sided score test of a proportion). The baseline is the five minutes before the first wave.
/// </summary>
public sealed record PlanThresholds
{
    public static readonly PlanThresholds Default = new();

    /// <summary>Rise of the error rate that is put up with, 0-1 (0.01 = one percentage point); null = errors are not watched.</summary>
    public double? ErrorRise { get; init; } = 0.01;

    /// <summary>The p95 that is put up with, as a multiple of the baseline's, 1-100 (and at least 10 ms above it); null = latency is not watched.</summary>
    public double? P95Ratio { get; init; } = 1.5;

    /// <summary>Requests that a window must hold to be judged, 1 or more.</summary>
    public int MinimumRequests { get; init; } = 100;

    /// <summary>10 s to 10 min.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>How a service is moved from one version to another.</summary>
public sealed record ShiftSettings
{
    public static readonly ImmutableArray<int> DefaultSteps = [5, 25, 50, 100];

    /// <summary>The old version.</summary>
    public required string From { get; init; }

    /// <summary>The new version.</summary>
    public required string To { get; init; }

    /// <summary>How long each step is held: 1 s to 1 h.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How much higher the new version's error rate may be, 0-1 (0.01 = one percentage point).</summary>
    public double ErrorMargin { get; init; } = 0.01;

    /// <summary>How many more of its requests may be slower than the old version's p95, 0-1 (0.05 = one in ten instead of one in twenty).</summary>
    public double SlowMargin { get; init; } = 0.05;

    /// <summary>Requests of each version that a verdict needs, 1 or more.</summary>
    public int MinimumRequests { get; init; } = 100;
}
