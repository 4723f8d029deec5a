namespace Dashboard.Core.Postgres.Rows;

/// <summary>Where the stored registry stands: the one row of <c>head</c>.</summary>
internal sealed class HeadRow
{
    public bool Singleton { get; init; } = true;

    public required Guid Generation { get; init; }

    public required long Revision { get; init; }

    public required DateTimeOffset At { get; init; }

    public Guid? Batch { get; init; }

    public required byte[] Hash { get; init; }
}
