namespace Dashboard.Core.Postgres.Rows;

/// <summary>The last change that retention dropped: what the retained log follows on.</summary>
internal sealed class ChangeCheckpointRow
{
    public bool Singleton { get; init; } = true;

    public required long Revision { get; init; }

    public required DateTimeOffset At { get; init; }

    public required byte[] Hash { get; init; }

    public required DateTimeOffset PrunedAt { get; init; }
}
