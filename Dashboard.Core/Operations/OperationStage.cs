namespace Dashboard.Core.Operations;

/// <summary>The steps in an operation's life, in order.</summary>
public enum StageKind
{
    /// <summary>Somebody asked.</summary>
    Requested,

    /// <summary>Durable, with a revision.</summary>
    Committed,

    /// <summary>Handed to the data planes that follow.</summary>
    Published,

    /// <summary>The data planes said that they have taken it.</summary>
    Acknowledged,

    /// <summary>The traffic shows it.</summary>
    Observed,
}

/// <summary>How far a stage has come.</summary>
public enum StageState
{
    /// <summary>An earlier stage is not done.</summary>
    Waiting,

    /// <summary>Under way.</summary>
    Active,

    Done,

    /// <summary>It should have been done by now, or shows the opposite.</summary>
    Stalled,

    /// <summary>Nobody can tell; the text says why.</summary>
    Unknown,
}

/// <summary>One step of the stage line.</summary>
/// <param name="At">When it was done; null while it is not.</param>
/// <param name="Text">One sentence for an operator, with numbers.</param>
/// <param name="Reasons">What keeps it from being done, for programs and at a glance; the text says the same with names and numbers.</param>
public sealed record OperationStage(StageKind Kind, StageState State, DateTimeOffset? At, string Text, StageReasons Reasons = StageReasons.None);
