namespace Dashboard.Core.Postgres.Rows;

/// <summary>A service as it is stored.</summary>
internal sealed class ServiceRow
{
    public required string Name { get; init; }

    public required string Settings { get; init; }

    public required long CreatedRevision { get; init; }

    public required long Revision { get; init; }

    public string? Brake { get; init; }
}
