using System.Collections.Immutable;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Replicas.Wire;

/// <summary>
/// One line of the stream from console to console: what the sender alone has heard since its last line. The first line of a connection holds all that is state. Times are ages, so that
/// no two clocks are compared. Lines come at least every second.
/// </summary>
public sealed record ReplicaFrame
{
    /// <summary>The run of the console that tells.</summary>
    public required Guid Replica { get; init; }

    /// <summary>What is told of followers and of the overlay is all there is.</summary>
    public bool Full { get; init; }

    /// <summary>What signs in at the sender (<see cref="SignInMark"/>), told with all its state; null = not told.</summary>
    public string? SignIn { get; init; }

    /// <summary>The sender reaches Postgres, so it may take over what the receiver cannot renew.</summary>
    public bool ReachesStore { get; init; }

    /// <summary>The shares of the health checks that the sender holds, with their epochs.</summary>
    public IReadOnlyDictionary<int, long> Shares { get; init; } = ImmutableDictionary<int, long>.Empty;

    /// <summary>Followers of the sender about whom something is new.</summary>
    public IReadOnlyList<FollowerWord> Followers { get; init; } = [];

    /// <summary>Ids of followers that the sender does not know any more.</summary>
    public IReadOnlyList<string> Gone { get; init; } = [];

    /// <summary>Ids of followers that an operator forgot at the sender.</summary>
    public IReadOnlyList<string> Forgotten { get; init; } = [];

    /// <summary>Traffic reports that came to the sender.</summary>
    public IReadOnlyList<TrafficReportDocument> Reports { get; init; } = [];

    /// <summary>The last heartbeat of each instance that sent some to the sender.</summary>
    public IReadOnlyList<HeartbeatWord> Heartbeats { get; init; } = [];

    /// <summary>The health that the sender saw and could not write yet, as a whole; null = as before.</summary>
    public OverlayFrame? Overlay { get; init; }
}
