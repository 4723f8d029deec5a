using System.Collections.Immutable;

namespace Dashboard.Core.Discovery;

/// <summary>How a follower stands towards the registry.</summary>
public enum FollowerState
{
    /// <summary>It has taken all that was changed of what it follows.</summary>
    Current,

    /// <summary>It has not yet taken what was changed in the last seconds.</summary>
    CatchingUp,

    /// <summary>It has not taken a change for longer than <see cref="FollowerStanding.SlowAfter"/>.</summary>
    Behind,

    /// <summary>It refused what it was told last.</summary>
    Refused,

    /// <summary>It is not connected, or was not heard of since the console started.</summary>
    Silent,

    /// <summary>It asks, but has no way to say what it holds.</summary>
    CannotConfirm,
}

/// <summary>A follower with how far it is behind. Immutable.</summary>
public sealed record FollowerStanding
{
    /// <summary>A follower that has not taken a change after this time is behind.</summary>
    public static readonly TimeSpan SlowAfter = TimeSpan.FromSeconds(10);

    public required string Id { get; init; }

    /// <summary>What is known of it; null when an operation waits for it that was not heard of since the console started.</summary>
    public Follower? Follower { get; init; }

    public required FollowerState State { get; init; }

    /// <summary>The last revision of this generation that it said it has taken; 0 = none.</summary>
    public long Taken { get; init; }

    /// <summary>Revisions of the registry between what it has taken and the last change of what it follows; 0 = it is up to date, or cannot say.</summary>
    public long Lag { get; init; }

    /// <summary>Since when it lags: when the first change was made that it has not taken; null = it does not.</summary>
    public DateTimeOffset? LagSince { get; init; }

    /// <summary>Services whose last change it has not taken, by name; at most <see cref="FollowerBoard.NamesKept"/>.</summary>
    public ImmutableArray<string> Lacks { get; init; } = [];

    /// <summary>Open operations that wait for its acknowledgement.</summary>
    public ImmutableArray<long> WaitedForBy { get; init; } = [];

    /// <summary>Somebody should look: it refused, is behind, or an operation waits for one that is gone.</summary>
    public bool NeedsAttention => State is FollowerState.Refused or FollowerState.Behind || (State == FollowerState.Silent && !WaitedForBy.IsEmpty);
}
