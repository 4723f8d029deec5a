using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Wire;

/// <summary>
/// The data of a watch stream's <c>change</c> event: what is different from the event before. A server may fold several revisions into one event. One is sent for
/// every head, also when nothing followed changed, so that the follower can acknowledge it, and when <see cref="StaleSince"/> changes.
/// </summary>
public sealed record WatchChangeDocument
{
    public required Guid Generation { get; init; }

    public required long Revision { get; init; }

    public long Overlay { get; init; }

    public required DateTimeOffset At { get; init; }

    public DateTimeOffset? StaleSince { get; init; }

    /// <summary>The whole serving set of each service that says something else now.</summary>
    public ImmutableArray<ServingDocument> Changed { get; init; } = [];

    /// <summary>Services that are gone.</summary>
    public ImmutableArray<string> Removed { get; init; } = [];
}
