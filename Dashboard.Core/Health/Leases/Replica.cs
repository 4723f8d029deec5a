namespace Dashboard.Core.Health.Leases;

/// <summary>One run of a console.</summary>
/// <param name="Url">Where the others reach it.</param>
public sealed record Replica(Guid Id, string Url, DateTimeOffset Started);
