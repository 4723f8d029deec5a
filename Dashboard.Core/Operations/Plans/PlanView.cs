using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations.Plans;

/// <summary>Every open plan and those that ended within the last minutes, as they stand now. Immutable.</summary>
public sealed record PlanBoard(ImmutableSortedDictionary<long, PlanView> Plans)
{
    public static readonly PlanBoard Empty = new(ImmutableSortedDictionary<long, PlanView>.Empty);

    public PlanView? Find(long id) => Plans.GetValueOrDefault(id);
}

/// <summary>A step from one board to the next.</summary>
/// <param name="Changed">Views that are new or say something else now.</param>
/// <param name="Removed">Ids of those that ended long enough ago.</param>
public sealed record PlanBoardUpdate(PlanBoard Board, ImmutableArray<PlanView> Changed, ImmutableArray<long> Removed);

/// <summary>A plan with everything that is known of its progress: what pages and the API show. Immutable; compares by value.</summary>
public sealed record PlanView
{
    public required Plan Plan { get; init; }

    /// <summary>All of them, in order.</summary>
    public required ImmutableArray<WaveView> Waves { get; init; }

    /// <summary>Instances (or steps) that are through, of all.</summary>
    public required int Done { get; init; }

    /// <summary>All instances (or steps).</summary>
    public required int Total { get; init; }

    /// <summary>What it waits for now, in one sentence.</summary>
    public required string Status { get; init; }

    /// <summary>What it watches, with the live figures; empty before it begins and after it ended.</summary>
    public ImmutableArray<WatchReading> Readings { get; init; } = [];

    /// <summary>Weight shifts: when the hold time of the step is over.</summary>
    public DateTimeOffset? HeldUntil { get; init; }

    /// <summary>A person should look: it paused, or what it waits for is stuck.</summary>
    public bool Alarm { get; init; }

    public long Id => Plan.Id;

    public bool Equals(PlanView? other) =>
        other is not null && Plan.Equals(other.Plan) && Done == other.Done && Status == other.Status && Alarm == other.Alarm && HeldUntil == other.HeldUntil
        && Waves.AsSpan().SequenceEqual(other.Waves.AsSpan()) && Readings.AsSpan().SequenceEqual(other.Readings.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Plan, Done);
}

/// <summary>One wave of the stage line.</summary>
/// <param name="At">When it began; null while it has not.</param>
/// <param name="Text">One sentence for an operator, with numbers.</param>
public sealed record WaveView(int Number, StageState State, DateTimeOffset? At, string Text, ImmutableArray<TargetView> Targets)
{
    public bool Equals(WaveView? other) =>
        other is not null && Number == other.Number && State == other.State && At == other.At && Text == other.Text && Targets.AsSpan().SequenceEqual(other.Targets.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Number, State, Text);
}

/// <summary>How far an instance of a plan has come.</summary>
public enum TargetState
{
    /// <summary>Its wave has not begun.</summary>
    Waiting,

    UnderWay,

    Done,

    /// <summary>Somebody else decided about it: the plan leaves it alone.</summary>
    Skipped,

    /// <summary>Somebody put it back after the plan's act.</summary>
    Returned,
}

/// <summary>One instance of a plan.</summary>
/// <param name="Text">What it waits for or why it is left alone; empty while there is nothing to say.</param>
/// <param name="Operation">The operation that the plan opened for it, while it is on the board.</param>
/// <param name="Alarm">Its operation needs a person.</param>
public sealed record TargetView(InstanceKey Key, TargetState State, string Text, long? Operation = null, bool Alarm = false);
