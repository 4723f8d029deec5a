namespace Dashboard.Core.Postgres.Rows;

/// <summary>One key that sign-in cookies are protected with.</summary>
internal sealed class DataProtectionKeyRow
{
    public int Id { get; init; }

    public required string Name { get; init; }

    public required string Xml { get; init; }
}
