using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Wire;

/// <summary>The data of a watch stream's <c>snapshot</c> event: everything followed, at one revision. It replaces what the follower held.</summary>
public sealed record WatchSnapshotDocument
{
    public required Guid Generation { get; init; }

    public required long Revision { get; init; }

    /// <summary>See <see cref="ServingCatalog.Overlay"/>.</summary>
    public long Overlay { get; init; }

    /// <summary>When the last change was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Since when the console itself may be out of date (Postgres away); null while it is current.</summary>
    public DateTimeOffset? StaleSince { get; init; }

    /// <summary>An operator confirmed that this generation counts, also where it is empty.</summary>
    public bool Confirmed { get; init; }

    public ImmutableArray<ServingDocument> Services { get; init; } = [];
}
