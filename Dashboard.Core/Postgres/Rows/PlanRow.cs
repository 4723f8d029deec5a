namespace Dashboard.Core.Postgres.Rows;

/// <summary>A plan, open or closed, as it is stored: what was asked for apart from how far it has come.</summary>
internal sealed class PlanRow
{
    public required long Id { get; init; }

    public required string State { get; init; }

    public required string Definition { get; init; }

    public required string Progress { get; init; }
}
