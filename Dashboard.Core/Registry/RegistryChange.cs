using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>One row of the change log: who did what, when and why, and every entity before and after.</summary>
public sealed record RegistryChange
{
    public required long Revision { get; init; }

    /// <summary>Cut to microseconds, as Postgres keeps it.</summary>
    public required DateTimeOffset At { get; init; }

    public required Actor Actor { get; init; }

    /// <summary>For example <c>instance.drain</c>.</summary>
    public required string Action { get; init; }

    /// <summary><c>service</c>, <c>service/instance</c> or <c>node:name</c>.</summary>
    public required string Target { get; init; }

    public string? Reason { get; init; }

    /// <summary>The operation that this change opened or belongs to.</summary>
    public long? Operation { get; init; }

    public required ImmutableArray<EntityChange> Changes { get; init; }
}
