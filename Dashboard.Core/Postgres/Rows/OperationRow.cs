namespace Dashboard.Core.Postgres.Rows;

/// <summary>An operation, open or closed, as it is stored.</summary>
internal sealed class OperationRow
{
    public required long Id { get; init; }

    public required string Outcome { get; init; }

    public string? Service { get; init; }

    public string? Node { get; init; }

    public required string State { get; init; }
}
