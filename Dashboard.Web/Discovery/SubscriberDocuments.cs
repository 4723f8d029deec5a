using Dashboard.Core.Discovery;

namespace Dashboard.Web.Discovery;

/// <param name="Revision">The head that lag is measured against.</param>
internal sealed record SubscriberListDocument(Guid Generation, long Revision, IReadOnlyList<SubscriberDocument> Subscribers);

/// <summary>A data plane that follows.</summary>
/// <param name="Kind">Null when an operation waits for one that was not heard of since the console started.</param>
/// <param name="Services">What it follows; null = everything, or not known.</param>
/// <param name="CanConfirm">False: it has no way to say what it holds, and nobody waits for it.</param>
/// <param name="Since">Since when it follows.</param>
/// <param name="Console">The console that it follows; null = this one.</param>
/// <param name="Acknowledged">The last revision that it said it has taken; 0 = none of this generation.</param>
/// <param name="Lag">Revisions of the registry between that and the last change of what it follows; 0 = it is up to date, or cannot say.</param>
/// <param name="LagSeconds">How long it has not taken the first change that it lacks; 0 = it lacks none.</param>
/// <param name="Lacks">Services whose last change it has not taken, at most 20.</param>
/// <param name="WaitedForBy">Open operations that wait for its acknowledgement.</param>
internal sealed record SubscriberDocument(
    string Id,
    FollowerKind? Kind,
    FollowerState State,
    string? Address,
    IReadOnlyList<string>? Services,
    bool Connected,
    bool CanConfirm,
    bool Reports,
    DateTimeOffset? Since,
    DateTimeOffset? LastSeen,
    DateTimeOffset? LastReport,
    long Acknowledged,
    DateTimeOffset? AcknowledgedAt,
    long Lag,
    double LagSeconds,
    IReadOnlyList<string> Lacks,
    string? LastRefusal,
    long? RefusedRevision,
    IReadOnlyList<long> WaitedForBy,
    string? Console)
{
    public static SubscriberDocument From(FollowerStanding standing, DateTimeOffset now)
    {
        var follower = standing.Follower;
        return new(
            standing.Id,
            follower?.Kind,
            standing.State,
            follower?.Address,
            follower?.Services?.Order(StringComparer.Ordinal).ToArray(),
            follower?.Connected ?? false,
            follower?.CanConfirm ?? true,
            follower?.Reports ?? false,
            follower?.Since,
            follower?.LastSeen,
            follower?.LastReport,
            standing.Taken,
            follower?.AcknowledgedAt,
            standing.Lag,
            standing.LagSince is { } since ? Math.Round(Math.Max(0, (now - since).TotalSeconds), 3) : 0,
            standing.Lacks,
            follower?.LastRefusal,
            follower?.RefusedRevision,
            standing.WaitedForBy,
            follower?.Console);
    }
}

/// <param name="Revision">Of the change that keeps it in the audit.</param>
internal sealed record ForgottenDocument(long Revision);
