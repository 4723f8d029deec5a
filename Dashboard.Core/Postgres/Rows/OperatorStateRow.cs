namespace Dashboard.Core.Postgres.Rows;

/// <summary>What operators decided about an instance, as it is stored.</summary>
internal sealed class OperatorStateRow
{
    public required string Service { get; init; }

    public required string Instance { get; init; }

    public required string Intent { get; init; }

    public int? Weight { get; init; }

    public string? Ramp { get; init; }

    public required long Revision { get; init; }

    public DateTimeOffset? AbsentSince { get; init; }
}
