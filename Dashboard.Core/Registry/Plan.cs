using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Dashboard.Core.Registry;

/// <summary>Where a plan stands.</summary>
public enum PlanState
{
    /// <summary>Waits for its time.</summary>
    Scheduled,

    /// <summary>Goes on by itself.</summary>
    Running,

    /// <summary>Waits for an operator; what it did stays.</summary>
    Paused,

    /// <summary>Every wave is through.</summary>
    Completed,

    /// <summary>Ended early; what it did stays.</summary>
    Cancelled,

    /// <summary>What it did is taken back, by an operator or by itself.</summary>
    RolledBack,
}

/// <summary>
/// Many acts of one kind, carried out in waves. What was asked for (<see cref="Definition"/>) is fixed at commit; how far it has come is changed by commands that name the
/// wave they expect, so that neither a restart nor a second console does one twice. Equal when it is the same plan at the same revision.
/// </summary>
public sealed record Plan
{
    /// <summary>Who plans are carried on by, and so paused by where nobody asked.</summary>
    public const string OwnHand = "operations";

    /// <summary>The revision of the change that opened it.</summary>
    public required long Id { get; init; }

    /// <summary>What was asked for. Null only in a change that was read back from the log and left it as it was.</summary>
    public PlanDefinition? Definition { get; init; }

    public PlanState State { get; init; }

    /// <summary>Since when it is in that state. A running plan is judged by traffic from then on.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Why it paused or how it ended, in one sentence; null while there is nothing to say.</summary>
    public string? Because { get; init; }

    /// <summary>Who brought it into its state.</summary>
    public required string By { get; init; }

    /// <summary>An operator overrode the guard for what is left of it.</summary>
    public bool Overridden { get; init; }

    /// <summary>The wave that is under way, from 0; the first one while none has begun.</summary>
    public int Wave { get; init; }

    /// <summary>How many acts of that wave were done.</summary>
    public int Position { get; init; }

    /// <summary>When each wave began, in order.</summary>
    public ImmutableArray<DateTimeOffset> WaveStarts { get; init; } = [];

    /// <summary>What is normal for each service that it touches, measured right before the first wave.</summary>
    public ImmutableArray<ServiceBaseline> Baselines { get; init; } = [];

    /// <summary>Weight shifts: the weights it has set, with those before.</summary>
    public ImmutableArray<ShiftedWeight> Weights { get; init; } = [];

    /// <summary>Weight shifts: how the old version did in the step before this one, for when it gets too little traffic now.</summary>
    public VersionFigures? Reference { get; init; }

    /// <summary>The revision that last changed it.</summary>
    public required long Revision { get; init; }

    [JsonIgnore]
    public bool IsOpen => State is PlanState.Scheduled or PlanState.Running or PlanState.Paused;

    /// <summary>It stopped without anybody asking for it, and waits for an operator.</summary>
    [JsonIgnore]
    public bool PausedItself => State == PlanState.Paused && By == OwnHand;

    /// <summary>What was asked for.</summary>
    /// <exception cref="InvalidOperationException">The plan was read back from a change that left its definition as it was.</exception>
    [JsonIgnore]
    public PlanDefinition Asked => Definition ?? throw new InvalidOperationException($"The definition of plan {Id} is not part of this change.");

    /// <summary>When the wave that is under way began; null while none has.</summary>
    [JsonIgnore]
    public DateTimeOffset? WaveSince => WaveStarts.IsEmpty ? null : WaveStarts[^1];

    /// <summary>Every act of every wave was done.</summary>
    [JsonIgnore]
    public bool IsThrough => Wave == Asked.Waves.Length - 1 && Position == Asked.Waves[Wave].Acts;

    public bool Equals(Plan? other) => other is not null && Id == other.Id && Revision == other.Revision;

    public override int GetHashCode() => HashCode.Combine(Id, Revision);
}

/// <summary>What is normal for a service.</summary>
/// <param name="Completed">Requests that ended in the five minutes before.</param>
/// <param name="Failures">Of these, the failed.</param>
/// <param name="P95Ms">Null: none was measured.</param>
public sealed record ServiceBaseline(string Service, long Completed, long Failures, double? P95Ms)
{
    /// <summary>0-1; 0 when nothing was seen.</summary>
    [JsonIgnore]
    public double ErrorRate => Completed == 0 ? 0 : Math.Min(1, (double)Failures / Completed);
}

/// <summary>A weight that a shift set.</summary>
/// <param name="Before">The operator weight before the shift; null = none.</param>
/// <param name="Set">The operator weight as the shift left it; null = none.</param>
public sealed record ShiftedWeight(InstanceKey Key, int? Before, int? Set);

/// <summary>How one version did over a span.</summary>
/// <param name="Completed">Requests that ended.</param>
/// <param name="Failures">Of these, the failed.</param>
/// <param name="Measured">Requests whose latency is known.</param>
/// <param name="P95Ms">Null: none is known.</param>
/// <param name="Slow">Of the measured, those slower than the old version's p95.</param>
public sealed record VersionFigures(long Completed, long Failures, long Measured, double? P95Ms, long Slow);
