namespace Dashboard.Core.Postgres.Rows;

/// <summary>What operators decided about a node, as it is stored.</summary>
internal sealed class NodeRow
{
    public required string Name { get; init; }

    public required string Intent { get; init; }

    public required long Revision { get; init; }
}
