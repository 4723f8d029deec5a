namespace Dashboard.Core.Postgres.Rows;

/// <summary>An acknowledgement or a silence, as it is stored.</summary>
internal sealed class AlertMarkRow
{
    public required long Id { get; init; }

    public required string Mark { get; init; }
}
