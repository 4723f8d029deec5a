using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>How an operation ended.</summary>
public enum OperationOutcome
{
    /// <summary>It is still under way.</summary>
    Open,

    /// <summary>Its effect was seen: traffic agrees, or the instance is known to be idle.</summary>
    Completed,

    /// <summary>Carried out at its deadline or by an operator, without proof of idleness.</summary>
    Forced,

    /// <summary>Taken back.</summary>
    Cancelled,

    /// <summary>A later change of the same targets took its place.</summary>
    Superseded,

    /// <summary>Its effect could not be judged in time.</summary>
    Unproven,
}

/// <summary>
/// The life of one change of weight or intent, from the request to the proof of its effect. What is fixed at commit is stored here;
/// how far followers and traffic have come is derived.
/// </summary>
public sealed record Operation
{
    /// <summary>The revision of the change that opened it.</summary>
    public required long Id { get; init; }

    /// <summary>The change's action, for example <c>instance.drain</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The service it acts on; null for a node's operation.</summary>
    public string? Service { get; init; }

    /// <summary>The node it acts on; null for a service's operation.</summary>
    public string? Node { get; init; }

    /// <summary>The instances it acts on.</summary>
    public required ImmutableArray<InstanceKey> Instances { get; init; }

    public required string Actor { get; init; }

    public string? Reason { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public required DateTimeOffset CommittedAt { get; init; }

    /// <summary>Ids of the followers whose acknowledgement counts (M of the stage line), fixed at commit.</summary>
    public ImmutableArray<string> Followers { get; init; } = [];

    /// <summary>Ids of followers that counted until an operator forgot them: nobody waits for them any more.</summary>
    public ImmutableArray<string> Forgotten { get; init; } = [];

    /// <summary>Drains: when <see cref="AtDeadline"/> is carried out.</summary>
    public DateTimeOffset? Deadline { get; init; }

    public DeadlineAction? AtDeadline { get; init; }

    /// <summary>True when a guard was overridden; <see cref="Reason"/> then tells why.</summary>
    public bool Overridden { get; init; }

    /// <summary>The revision that this operation undoes.</summary>
    public long? Undoes { get; init; }

    /// <summary>The plan that it is an act of; null = it stands alone.</summary>
    public long? Plan { get; init; }

    public OperationOutcome Outcome { get; init; } = OperationOutcome.Open;

    public DateTimeOffset? ClosedAt { get; init; }

    public string? ClosedBecause { get; init; }

    public bool IsOpen => Outcome == OperationOutcome.Open;

    public bool Equals(Operation? other) =>
        other is not null && Id == other.Id && Action == other.Action && Outcome == other.Outcome && ClosedAt == other.ClosedAt
        && Deadline == other.Deadline && AtDeadline == other.AtDeadline && ClosedBecause == other.ClosedBecause && Reason == other.Reason
        && Instances.AsSpan().SequenceEqual(other.Instances.AsSpan()) && Followers.AsSpan().SequenceEqual(other.Followers.AsSpan())
        && Forgotten.AsSpan().SequenceEqual(other.Forgotten.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Id, Outcome, Deadline);
}
