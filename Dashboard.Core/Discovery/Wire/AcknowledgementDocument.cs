namespace Dashboard.Core.Discovery.Wire;

/// <summary>The body of <c>POST /api/v1/subscribers/{id}/ack</c>.</summary>
/// <param name="Revision">The revision that the follower has taken, or refused when <paramref name="Refused"/> is set.</param>
/// <param name="Refused">Why it did not take the revision; null = it did.</param>
public sealed record AcknowledgementDocument(Guid Generation, long Revision, string? Refused = null);
