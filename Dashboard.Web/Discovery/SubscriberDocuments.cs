using Dashboard.Core.Discovery;

namespace Dashboard.Web.Discovery;

/// <param name="Revision">The head that lag is measured against.</param>
internal sealed record SubscriberListDocument(Guid Generation, long Revision, IReadOnlyList<SubscriberDocument> Subscribers);

/// <summary>A data plane that follows.</summary>
/// <param name="Services">What it follows; null = everything.</param>
/// <param name="Acknowledged">The last revision that it said it has taken; 0 = none of this generation.</param>
/// <param name="Lag">Revisions that touched what it follows and that it has not taken, at most; 0 = it is up to date.</param>
internal sealed record SubscriberDocument(
    string Id,
    FollowerKind Kind,
    string? Address,
    IReadOnlyList<string>? Services,
    bool Connected,
    bool Reports,
    DateTimeOffset Since,
    DateTimeOffset LastSeen,
    DateTimeOffset? LastReport,
    long Acknowledged,
    DateTimeOffset? AcknowledgedAt,
    long Lag,
    string? LastRefusal,
    long? RefusedRevision);
