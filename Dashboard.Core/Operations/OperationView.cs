using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations;

/// <summary>An operation with everything that is known of its effect: what pages, frames and the API show. Immutable; compares by value.</summary>
public sealed record OperationView
{
    public required Operation Operation { get; init; }

    /// <summary>All five, in order.</summary>
    public required ImmutableArray<OperationStage> Stages { get; init; }

    /// <summary>How many of <see cref="Followers"/> have taken it (n).</summary>
    public required int Acknowledged { get; init; }

    /// <summary>How many have to (M).</summary>
    public required int Followers { get; init; }

    /// <summary>How many follow beside them that cannot confirm what they hold, like DNS clients. Outside of n and M.</summary>
    public int CannotConfirm { get; init; }

    /// <summary>Who has not, by name.</summary>
    public ImmutableArray<Laggard> Laggards { get; init; } = [];

    /// <summary>A drain's countdown; null for other operations.</summary>
    public DrainView? Drain { get; init; }

    /// <summary>When the maintenance that it set ends by itself, unless renewed: of the first of its instances that are still in it. Null when none ends so.</summary>
    public DateTimeOffset? BackAt { get; init; }

    /// <summary>What the traffic shows of each target; empty when nothing is to be seen.</summary>
    public ImmutableArray<ObservedTarget> Observed { get; init; } = [];

    /// <summary>A person should look: the deadline passed, the traffic disagrees, or a data plane refused.</summary>
    public bool Alarm { get; init; }

    public long Id => Operation.Id;

    public bool IsOpen => Operation.IsOpen;

    /// <summary>Where it is now: the last stage that is not waiting.</summary>
    public OperationStage Current => Stages.Last(stage => stage.State != StageState.Waiting);

    public bool Equals(OperationView? other) =>
        other is not null && Operation.Equals(other.Operation) && Acknowledged == other.Acknowledged && Followers == other.Followers && CannotConfirm == other.CannotConfirm && Alarm == other.Alarm && BackAt == other.BackAt
        && Equals(Drain, other.Drain) && Stages.AsSpan().SequenceEqual(other.Stages.AsSpan()) && Laggards.AsSpan().SequenceEqual(other.Laggards.AsSpan())
        && Observed.AsSpan().SequenceEqual(other.Observed.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Operation.Id, Acknowledged, Operation.Outcome);
}

/// <summary>A data plane that has not taken an operation's revision yet.</summary>
/// <param name="Kind">Null when nothing was heard of it since the console started.</param>
/// <param name="Acknowledged">The last revision it has taken; 0 = none that is known.</param>
/// <param name="LastSeen">When it was last heard of.</param>
/// <param name="Refusal">Why it refused this revision or a later one; null = it did not.</param>
public sealed record Laggard(string Id, FollowerKind? Kind, string? Address, bool Connected, long Acknowledged, DateTimeOffset? LastSeen, string? Refusal);

/// <summary>How a drain stands.</summary>
/// <param name="Instances">Each instance that is to become idle.</param>
/// <param name="ZeroSince">Since when all of them are known to be idle, after the last acknowledgement; null = not so.</param>
/// <param name="Alarm">The deadline passed and the drain holds.</param>
public sealed record DrainView(DateTimeOffset? Deadline, DeadlineAction AtDeadline, ImmutableArray<DrainingInstance> Instances, DateTimeOffset? ZeroSince, bool Alarm)
{
    public bool Equals(DrainView? other) =>
        other is not null && Deadline == other.Deadline && AtDeadline == other.AtDeadline && ZeroSince == other.ZeroSince && Alarm == other.Alarm
        && Instances.AsSpan().SequenceEqual(other.Instances.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Deadline, AtDeadline, ZeroSince);
}

/// <summary>What an instance that is being drained still has.</summary>
/// <param name="Requests">Requests in flight that are reported, long-lived ones not among them.</param>
/// <param name="LongLived">Streams and WebSockets that are open, as reported.</param>
/// <param name="Unknown">Why the true number is not known; null = the numbers are all there is.</param>
public sealed record DrainingInstance(InstanceKey Key, IntentKind Intent, long Requests, long LongLived, string? Unknown)
{
    public bool IsKnownIdle => Unknown is null && Requests == 0 && LongLived == 0;
}

/// <summary>Whether the traffic of one target is what the operation wants.</summary>
/// <param name="Requests">New requests that it got since the last acknowledgement.</param>
/// <param name="Intended">Intended share, 0-1.</param>
/// <param name="Actual">Actual share, 0-1; null when there were no requests.</param>
/// <param name="Band">Half-width of the noise band around the intended share, 0-1.</param>
/// <param name="Agrees">Null: cannot tell.</param>
public sealed record ObservedTarget(InstanceKey Key, long Requests, double Intended, double? Actual, double Band, bool? Agrees);
