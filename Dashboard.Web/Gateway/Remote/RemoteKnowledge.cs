namespace Dashboard.Web.Gateway.Remote;

/// <summary>Where a remote catalog comes from and how old it is. Immutable.</summary>
/// <param name="Console">The console that is followed; null while none answers.</param>
/// <param name="FromDisk">It was read from the snapshot on disk and no console has answered since.</param>
/// <param name="StaleSince">Since when it may be out of date; null while it is current.</param>
/// <param name="Withheld">Why what the console offers is not taken; null where it is.</param>
internal sealed record RemoteKnowledge(Uri? Console, bool FromDisk, DateTimeOffset? StaleSince, string? Withheld)
{
    public static readonly RemoteKnowledge None = new(null, false, null, null);

    /// <summary>How long ago it was last known to be current; zero while it is.</summary>
    public TimeSpan Age(DateTimeOffset now) => StaleSince is { } since && now > since ? now - since : TimeSpan.Zero;
}
