using System.Collections.Immutable;

namespace Dashboard.Core.Discovery;

/// <summary>What kind of data plane follows.</summary>
public enum FollowerKind
{
    Gateway,
    Http,
    Watch,
    Xds,
    GrpcXds,
    AgentCheck,
    Dns,
}

/// <summary>A data plane that follows the registry, and how far it has come.</summary>
public sealed record Follower
{
    /// <summary>The name it gave itself, or kind and address.</summary>
    public required string Id { get; init; }

    public required FollowerKind Kind { get; init; }

    public string? Address { get; init; }

    /// <summary>The address of the console that it follows; null = this one.</summary>
    public string? Console { get; init; }

    /// <summary>The services it follows; null = all.</summary>
    public ImmutableHashSet<string>? Services { get; init; }

    /// <summary>It reports its traffic, so that its requests in flight can be known.</summary>
    public bool Reports { get; init; }

    /// <summary>It says what it has taken. One that cannot (DNS clients, watch streams without a name) is listed, but nobody waits for it.</summary>
    public bool CanConfirm { get; init; } = true;

    public bool Connected { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required DateTimeOffset LastSeen { get; init; }

    public Guid Generation { get; init; }

    /// <summary>The last revision it said it has taken; 0 = none yet.</summary>
    public long Acknowledged { get; init; }

    /// <summary>For one that asks for each service by itself: the revision taken by service. Null for one that follows everything at one revision.</summary>
    public ImmutableDictionary<string, long>? AcknowledgedByService { get; init; }

    public DateTimeOffset? AcknowledgedAt { get; init; }

    /// <summary>What it refused last, with its revision; null = nothing.</summary>
    public string? LastRefusal { get; init; }

    public long? RefusedRevision { get; init; }

    /// <summary>When its last report came.</summary>
    public DateTimeOffset? LastReport { get; init; }

    /// <summary>How many streams it holds open; above 0 it stays connected however long it is silent.</summary>
    public int Streams { get; init; }

    /// <summary>A follower that asks again and again is taken for gone when it has not come back by then; null = it says when it goes.</summary>
    public DateTimeOffset? DueBy { get; init; }

    /// <summary>
    /// Of two consoles' words about the same follower, what holds: connected to either, and taken what either was told. A word of a console that is not heard
    /// any more tells only what was taken.
    /// </summary>
    internal Follower With(Follower other)
    {
        var (recent, older) = Connected == other.Connected ? (LastSeen >= other.LastSeen ? (this, other) : (other, this)) : Connected ? (this, other) : (other, this);
        var ahead = Generation == other.Generation ? (Acknowledged >= other.Acknowledged ? this : other) : (AcknowledgedAt ?? DateTimeOffset.MinValue) >= (other.AcknowledgedAt ?? DateTimeOffset.MinValue) ? this : other;
        var refusal = (RefusedRevision ?? 0) >= (other.RefusedRevision ?? 0) ? this : other;
        var isRefused = refusal.RefusedRevision is { } refused && refused > ahead.Acknowledged;
        return recent with
        {
            Services = !older.Connected ? recent.Services : recent.Services is null || older.Services is null ? null : recent.Services.Union(older.Services),
            Reports = Reports || other.Reports,
            Since = Since < other.Since ? Since : other.Since,
            Generation = ahead.Generation,
            Acknowledged = ahead.Acknowledged,
            AcknowledgedAt = ahead.AcknowledgedAt,
            AcknowledgedByService = Generation == other.Generation && AcknowledgedByService is { } one && other.AcknowledgedByService is { } two
                ? one.SetItems(two.Where(pair => one.GetValueOrDefault(pair.Key) < pair.Value))
                : ahead.AcknowledgedByService,
            LastRefusal = isRefused ? refusal.LastRefusal : null,
            RefusedRevision = isRefused ? refusal.RefusedRevision : null,
            LastReport = (LastReport ?? DateTimeOffset.MinValue) >= (other.LastReport ?? DateTimeOffset.MinValue) ? LastReport : other.LastReport,
            Streams = Streams + other.Streams,
        };
    }

    /// <summary>The revision that it has taken of a service; of another generation it has taken nothing.</summary>
    public long AcknowledgedOf(string service, Guid generation) =>
        Generation != generation ? 0 : AcknowledgedByService is { } each ? each.GetValueOrDefault(service) : Acknowledged;

    public bool Follows(string service) => Services is null || Services.Contains(service);
}
