namespace Dashboard.Core.Postgres;

/// <summary>What the writer's loop takes up at once.</summary>
internal sealed class WriterTurn
{
    public List<PendingCommand> Batch { get; } = [];

    /// <summary>Somebody wants the head to be looked at.</summary>
    public bool Look { get; set; }

    public bool IsEmpty => Batch.Count == 0 && !Look;
}
