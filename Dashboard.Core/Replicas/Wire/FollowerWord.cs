using System.Collections.Immutable;
using Dashboard.Core.Discovery;

namespace Dashboard.Core.Replicas.Wire;

/// <summary>A <see cref="Follower"/> as JSON, with ages in place of times.</summary>
public sealed record FollowerWord
{
    public required string Id { get; init; }

    public required FollowerKind Kind { get; init; }

    public string? Address { get; init; }

    public IReadOnlyList<string>? Services { get; init; }

    public bool Reports { get; init; }

    public bool Connected { get; init; }

    public bool CanConfirm { get; init; } = true;

    public double SinceMs { get; init; }

    public double SeenMs { get; init; }

    public Guid Generation { get; init; }

    public long Acknowledged { get; init; }

    public IReadOnlyDictionary<string, long>? AcknowledgedByService { get; init; }

    public double? AcknowledgedMs { get; init; }

    public string? LastRefusal { get; init; }

    public long? RefusedRevision { get; init; }

    public double? ReportMs { get; init; }

    public int Streams { get; init; }

    public double? DueInMs { get; init; }

    public static FollowerWord From(Follower follower, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(follower);
        return new()
        {
            Id = follower.Id,
            Kind = follower.Kind,
            Address = follower.Address,
            Services = follower.Services is { } services ? [.. services] : null,
            Reports = follower.Reports,
            Connected = follower.Connected,
            CanConfirm = follower.CanConfirm,
            SinceMs = (now - follower.Since).TotalMilliseconds,
            SeenMs = (now - follower.LastSeen).TotalMilliseconds,
            Generation = follower.Generation,
            Acknowledged = follower.Acknowledged,
            AcknowledgedByService = follower.AcknowledgedByService,
            AcknowledgedMs = (now - follower.AcknowledgedAt)?.TotalMilliseconds,
            LastRefusal = follower.LastRefusal,
            RefusedRevision = follower.RefusedRevision,
            ReportMs = (now - follower.LastReport)?.TotalMilliseconds,
            Streams = follower.Streams,
            DueInMs = (follower.DueBy - now)?.TotalMilliseconds,
        };
    }

    public Follower ToFollower(string console, DateTimeOffset now) => new()
    {
        Id = Id,
        Kind = Kind,
        Address = Address,
        Console = console,
        Services = Services is null ? null : ImmutableHashSet.CreateRange(StringComparer.Ordinal, Services),
        Reports = Reports,
        Connected = Connected,
        CanConfirm = CanConfirm,
        Since = now.AddMilliseconds(-SinceMs),
        LastSeen = now.AddMilliseconds(-SeenMs),
        Generation = Generation,
        Acknowledged = Acknowledged,
        AcknowledgedByService = AcknowledgedByService is null ? null : ImmutableDictionary.CreateRange(StringComparer.Ordinal, AcknowledgedByService),
        AcknowledgedAt = AcknowledgedMs is { } acknowledged ? now.AddMilliseconds(-acknowledged) : null,
        LastRefusal = LastRefusal,
        RefusedRevision = RefusedRevision,
        LastReport = ReportMs is { } report ? now.AddMilliseconds(-report) : null,
        Streams = Streams,
        DueBy = DueInMs is { } due ? now.AddMilliseconds(due) : null,
    };
}
