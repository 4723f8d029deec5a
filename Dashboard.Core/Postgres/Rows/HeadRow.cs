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

    /// <summary>The number of the newest schema script that was applied.</summary>
    public int Schema { get; init; }

    public string? Home { get; init; }

    public string? Withholding { get; init; }
}
