namespace Dashboard.Core.Registry;

/// <summary>An instance as it is stored.</summary>
/// <param name="Registration">What it said of itself.</param>
/// <param name="CreatedRevision">The revision of its first registration since it was last absent.</param>
/// <param name="RegisteredAt">When that was.</param>
public sealed record InstanceEntry(Registration Registration, long CreatedRevision, DateTimeOffset RegisteredAt);
