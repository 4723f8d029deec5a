using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.History;

/// <summary>What the past is read from: the minute roll-ups, and the change log.</summary>
public interface IHistoryStore
{
    /// <summary>Writes roll-ups of one minute. One that is there already stays, unless this one knows more of its minute.</summary>
    Task WriteAsync(DateTimeOffset minute, IReadOnlyList<ServiceMinute> services, CancellationToken cancellationToken);

    /// <summary>The roll-ups of a minute, of those of these services that have one.</summary>
    Task<IReadOnlyList<ServiceMinute>> ReadMinuteAsync(DateTimeOffset minute, IReadOnlyCollection<string> services, CancellationToken cancellationToken);

    /// <summary>A service's roll-ups of the minutes that begin from <paramref name="from"/> to before <paramref name="to"/>, oldest first.</summary>
    Task<IReadOnlyList<ServiceMinute>> ReadServiceAsync(string service, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);

    /// <summary>How far back the past is known.</summary>
    Task<HistorySpan> SpanAsync(CancellationToken cancellationToken);

    /// <summary>What has changed since a moment.</summary>
    /// <param name="most">More changes than this are not read.</param>
    Task<ChangesSince> ChangesSinceAsync(DateTimeOffset at, int most, CancellationToken cancellationToken);

    /// <summary>Changes between two moments, the newest of them when there are more than <paramref name="limit"/>, oldest first.</summary>
    /// <param name="service">Only those that concern it; null = what operators did, anywhere.</param>
    Task<ImmutableArray<RegistryChange>> ChangesAsync(string? service, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken);

    /// <summary>What the console and the services themselves changed between two moments, the newest of it when there is more than <paramref name="limit"/>, oldest first.</summary>
    Task<ImmutableArray<RegistryChange>> UnaskedAsync(DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken);
}

/// <summary>How far back the past is known.</summary>
/// <param name="Registry">The first moment of which the registry is known; null while nothing ever changed.</param>
/// <param name="Generation">When this generation began, where that is later than the registry itself; null = it is the first.</param>
/// <param name="Traffic">The first minute of which traffic is known; null = none.</param>
public sealed record HistorySpan(DateTimeOffset? Registry, DateTimeOffset? Generation, DateTimeOffset? Traffic);

/// <summary>What has changed since a moment.</summary>
/// <param name="Generation">The registry's generation when it was read.</param>
/// <param name="Revision">The last change that was made by then; 0 = none.</param>
/// <param name="At">When that was; null when there is none.</param>
/// <param name="Count">How many changes came after it.</param>
/// <param name="Earlier">Each thing that has changed since, once: its value at the moment is <c>After</c>, null where it was absent. Null when there are too many changes.</param>
public sealed record ChangesSince(Guid Generation, long Revision, DateTimeOffset? At, long Count, ImmutableArray<EntityChange>? Earlier);
