using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery;

/// <summary>Every follower with how it stands: what the API and the pages show. Derived when asked, at most a few times a second whoever asks.</summary>
public sealed class FollowerBoard(FollowerTable followers, IServingSource source, IRegistry registry, ChangeTimes times, TimeProvider time)
{
    /// <summary>Names of services that are listed as lacking.</summary>
    public const int NamesKept = 20;

    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private ImmutableArray<FollowerStanding> _standings = [];
    private long _derivedAt;
    private bool _derived;

    // As they were told last: of whom nothing is new, the same is told again. Ten thousand may follow, and they are looked at every second.
    private List<FollowerStanding> _last = [];

    /// <summary>Everyone by id, at most 200 ms old.</summary>
    public ImmutableArray<FollowerStanding> Current
    {
        get
        {
            lock (_gate)
            {
                if (!_derived || time.GetElapsedTime(_derivedAt) >= Fresh)
                {
                    _standings = Derive();
                    _derivedAt = time.GetTimestamp();
                    _derived = true;
                }

                return _standings;
            }
        }
    }

    /// <summary>Everyone by id, as it is now.</summary>
    public ImmutableArray<FollowerStanding> Derive()
    {
        var catalog = source.Feed.Current;
        var newest = catalog.Services.Values.Select(set => set.Revision).DefaultIfEmpty(0).Max();
        var waiting = registry.Current.Operations.Values
            .SelectMany(operation => operation.Followers.Select(id => (id, operation)))
            .ToLookup(pair => pair.id, pair => pair.operation, StringComparer.Ordinal);
        var known = followers.Current;
        var names = waiting.Count == 0 ? [] : known.Select(follower => follower.Id).ToHashSet(StringComparer.Ordinal);
        return [.. Stand(known, catalog, newest, waiting)
            .Concat(waiting.Where(pair => !names.Contains(pair.Key)).Select(pair => new FollowerStanding
            {
                Id = pair.Key,
                State = FollowerState.Silent,
                WaitedForBy = [.. pair.Select(operation => operation.Id).Order()],
                LagSince = pair.Min(operation => operation.CommittedAt),
            }))
            .OrderBy(standing => standing.Id, StringComparer.Ordinal)];
    }

    // Both by id.
    private List<FollowerStanding> Stand(ImmutableArray<Follower> known, ServingCatalog catalog, long newest, ILookup<string, Operation> waiting)
    {
        var last = Volatile.Read(ref _last);
        var standings = new List<FollowerStanding>(known.Length);
        var at = 0;
        foreach (var follower in known)
        {
            while (at < last.Count && string.CompareOrdinal(last[at].Id, follower.Id) < 0)
                at++;

            standings.Add(at < last.Count && ReferenceEquals(last[at].Follower, follower) && !waiting.Contains(follower.Id) && StandsAsBefore(last[at], follower, catalog, newest)
                ? last[at]
                : Stand(follower, catalog, newest, waiting[follower.Id]));
        }

        Volatile.Write(ref _last, standings);
        return standings;
    }

    private static bool StandsAsBefore(FollowerStanding last, Follower follower, ServingCatalog catalog, long newest) =>
        !follower.CanConfirm
        || (last is { State: FollowerState.Current, WaitedForBy.IsEmpty: true } && last.Taken == TakenBy(follower, catalog) && HasTakenAll(follower, catalog, newest));

    private FollowerStanding Stand(Follower follower, ServingCatalog catalog, long newest, IEnumerable<Operation> operations)
    {
        var taken = TakenBy(follower, catalog);
        if (!follower.CanConfirm)
            return new() { Id = follower.Id, Follower = follower, State = follower.Connected ? FollowerState.CannotConfirm : FollowerState.Silent };

        var lacking = Lacking(follower, catalog, newest).OrderBy(set => set.Service, StringComparer.Ordinal).ToArray();
        var since = lacking.Length == 0 ? (DateTimeOffset?)null : lacking.Min(set => FirstLacked(follower, catalog.Generation, set));
        ImmutableArray<long> waitedFor = [.. operations
            .Where(operation => operation.Instances.Select(key => key.Service).Distinct(StringComparer.Ordinal).Where(follower.Follows)
                .Any(service => follower.AcknowledgedOf(service, catalog.Generation) < operation.Id))
            .Select(operation => operation.Id)
            .Order()];
        return new()
        {
            Id = follower.Id,
            Follower = follower,
            State = follower.LastRefusal is not null ? FollowerState.Refused
                : !follower.Connected ? FollowerState.Silent
                : since is null ? FollowerState.Current
                : time.GetUtcNow() - since >= FollowerStanding.SlowAfter ? FollowerState.Behind
                : FollowerState.CatchingUp,
            Taken = taken,
            Lag = lacking.Length == 0 ? 0 : Math.Max(1, lacking.Max(set => set.Revision) - taken),
            LagSince = since,
            Lacks = [.. lacking.Take(NamesKept).Select(set => set.Service)],
            WaitedForBy = waitedFor,
        };
    }

    private static long TakenBy(Follower follower, ServingCatalog catalog) => follower.Generation == catalog.Generation ? follower.Acknowledged : 0;

    // Most have, and cost a few comparisons.
    private static bool HasTakenAll(Follower follower, ServingCatalog catalog, long newest)
    {
        if (follower.AcknowledgedByService is null && follower.Generation == catalog.Generation && follower.Acknowledged >= newest)
            return true;

        if (follower.Services is not { } services)
            return false;

        foreach (var name in services)
        {
            if (catalog.Services.TryGetValue(name, out var set) && follower.AcknowledgedOf(name, catalog.Generation) < set.Revision)
                return false;
        }

        return true;
    }

    private static IEnumerable<ServingSet> Lacking(Follower follower, ServingCatalog catalog, long newest)
    {
        if (HasTakenAll(follower, catalog, newest))
            return [];

        var followed = follower.Services is { } some ? some.Select(name => catalog.Services.GetValueOrDefault(name)).OfType<ServingSet>() : catalog.Services.Values;
        return followed.Where(set => follower.AcknowledgedOf(set.Service, catalog.Generation) < set.Revision);
    }

    // What was changed before it came is told to it at its start: it lags since then.
    private DateTimeOffset FirstLacked(Follower follower, Guid generation, ServingSet set) =>
        times.FirstAfter(set.Service, follower.AcknowledgedOf(set.Service, generation)) is { } at && at > follower.Since ? at : follower.Since;
}
