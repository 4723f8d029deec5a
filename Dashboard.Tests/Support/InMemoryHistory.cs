using System.Collections.Immutable;
using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Tests.Support;

/// <summary>The past of an <see cref="InMemoryRegistry"/>, with roll-ups kept as they are stored. Can be taken away, as Postgres can.</summary>
internal sealed class InMemoryHistory(InMemoryRegistry registry) : IHistoryStore
{
    private readonly Dictionary<(string Service, DateTimeOffset Minute), (short Unknown, long Requests, byte[] Traffic)> _rows = [];

    public bool Away { get; set; }

    /// <summary>Where the registry's own log begins, if later than its first change.</summary>
    public DateTimeOffset? Generation { get; set; }

    public IReadOnlyCollection<(string Service, DateTimeOffset Minute)> Rows => _rows.Keys;

    public Task WriteAsync(DateTimeOffset minute, IReadOnlyList<ServiceMinute> services, CancellationToken cancellationToken) => AskAsync(() =>
    {
        foreach (var service in services)
        {
            if (!_rows.TryGetValue((service.Service, minute), out var known) || service.UnknownSeconds < known.Unknown || (service.UnknownSeconds == known.Unknown && service.Requests > known.Requests))
                _rows[(service.Service, minute)] = ((short)service.UnknownSeconds, service.Requests, MinuteCode.Encode(service));
        }

        return true;
    });

    public Task<IReadOnlyList<ServiceMinute>> ReadMinuteAsync(DateTimeOffset minute, IReadOnlyCollection<string> services, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<ServiceMinute>>(() => [.. _rows.Where(row => row.Key.Minute == minute && services.Contains(row.Key.Service)).Select(row => Read(row.Key, row.Value))]);

    public Task<IReadOnlyList<ServiceMinute>> ReadServiceAsync(string service, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<ServiceMinute>>(() => [.. _rows.Where(row => row.Key.Service == service && row.Key.Minute >= from && row.Key.Minute < to).OrderBy(row => row.Key.Minute).Select(row => Read(row.Key, row.Value))]);

    public Task<HistorySpan> SpanAsync(CancellationToken cancellationToken) =>
        AskAsync(() => new HistorySpan(registry.History.FirstOrDefault()?.At, Generation, _rows.Count == 0 ? null : _rows.Keys.Min(row => row.Minute)));

    public Task<ChangesSince> ChangesSinceAsync(DateTimeOffset at, int most, CancellationToken cancellationToken) => AskAsync(() =>
    {
        var log = registry.History;
        var then = log.LastOrDefault(change => change.At <= at);
        var later = log.Where(change => change.At > at).ToList();
        return new ChangesSince(registry.Current.Generation, then?.Revision ?? 0, then?.At, later.Count, later.Count > most ? null : Earlier(later));
    });

    public Task<ImmutableArray<RegistryChange>> ChangesAsync(string? service, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken) => AskAsync(() =>
        registry.History.Where(change => change.At > from && change.At <= to && (service is null ? change.Actor.Kind == ActorKind.Operator : ChangeMark.Matters(change, service))).TakeLast(limit).ToImmutableArray());

    public Task<ImmutableArray<RegistryChange>> UnaskedAsync(DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken) => AskAsync(() =>
        registry.History.Where(change => change.At > from && change.At <= to && change.Actor.Kind != ActorKind.Operator).TakeLast(limit).ToImmutableArray());

    /// <summary>What is to be taken back of changes, through the documents that the log keeps.</summary>
    public static ImmutableArray<EntityChange> Earlier(IEnumerable<RegistryChange> later)
    {
        var earlier = new Dictionary<string, EntityChange>(StringComparer.Ordinal);
        foreach (var change in later)
        {
            var before = ChangeDocument.Before(change.Changes);
            foreach (var entity in ChangeDocument.Read(before, before))
            {
                var key = entity switch
                {
                    ServiceChange c => $"s {c.Name}",
                    BrakeChange c => $"b {c.Service}",
                    InstanceChange c => $"i {c.Key}",
                    HealthChange c => $"h {c.Key}",
                    OperatorChange c => $"o {c.Key}",
                    NodeChange c => $"n {c.Name}",
                    _ => null,
                };
                if (key is not null)
                    earlier.TryAdd(key, entity);
            }
        }

        return [.. earlier.Values];
    }

    private static ServiceMinute Read((string Service, DateTimeOffset Minute) key, (short Unknown, long Requests, byte[] Traffic) row) => MinuteCode.Decode(key.Service, key.Minute, row.Unknown, row.Requests, row.Traffic);

    private Task<T> AskAsync<T>(Func<T> ask)
    {
        lock (_rows)
        {
            return Away ? Task.FromException<T>(new Npgsql.NpgsqlException("taken away by the test")) : Task.FromResult(ask());
        }
    }
}
