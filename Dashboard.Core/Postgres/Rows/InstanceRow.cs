namespace Dashboard.Core.Postgres.Rows;

/// <summary>An instance as it is stored, with its last verdict.</summary>
internal sealed class InstanceRow
{
    public required string Service { get; init; }

    public required string Id { get; init; }

    public required string Address { get; init; }

    public required int Port { get; init; }

    public required int Weight { get; init; }

    public string? Zone { get; init; }

    public string? Node { get; init; }

    public string? Version { get; init; }

    public required string Metadata { get; init; }

    public TimeSpan? Ttl { get; init; }

    public required long CreatedRevision { get; init; }

    public required DateTimeOffset RegisteredAt { get; init; }

    public string? Health { get; init; }

    public required long Revision { get; init; }
}
