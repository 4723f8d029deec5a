using System.Collections.Concurrent;
using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway;

/// <summary>
/// The gateway's services, always those of the newest catalog: every request compares the catalog it was prepared for with the current one (two volatile reads) and
/// takes a new one over first, so a change counts from the moment it is published, whatever the thread pool does.
/// </summary>
internal sealed class GatewayTables(IServingSource source, GatewayOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, ServiceRoute> _routes = new(StringComparer.OrdinalIgnoreCase);

    // Services that are gone, while requests to them are in flight.
    private readonly List<ServiceRoute> _removed = [];
    private readonly ulong _seed = (ulong)Guid.NewGuid().GetHashCode();
    private ServingCatalog _taken = ServingCatalog.Empty;

    /// <summary>The catalog that requests are forwarded by.</summary>
    public ServingCatalog Taken
    {
        get
        {
            Refresh();
            return Volatile.Read(ref _taken);
        }
    }

    /// <summary>Since when the catalog may be out of date; null while it is current.</summary>
    public DateTimeOffset? StaleSince => source.StaleSince;

    /// <summary>Instances that are left out after connect failures.</summary>
    public int EjectedInstances => _routes.Values.Sum(route => route.Ejected);

    /// <summary>The service of that name, as of the newest catalog.</summary>
    public ServiceRoute? Find(ReadOnlySpan<char> name)
    {
        Refresh();
        return _routes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var route) ? route : null;
    }

    public bool IsRegistered(string name) => source.Feed.Current.Services.ContainsKey(name);

    /// <summary>Takes what was counted since the last call and what is open now.</summary>
    public (ImmutableArray<TrafficRow> Rows, ImmutableArray<InFlightRow> Open) Collect()
    {
        var rows = ImmutableArray.CreateBuilder<TrafficRow>();
        var open = ImmutableArray.CreateBuilder<InFlightRow>();
        var longLivedBefore = time.GetTimestamp() - (long)(TrafficStore.LongLivedAfter.TotalSeconds * time.TimestampFrequency);
        Refresh();
        lock (_gate)
        {
            foreach (var route in _routes.Values)
            {
                route.CutForced();
                route.Collect(removed: false, longLivedBefore, rows, open);
            }

            _removed.RemoveAll(route => !route.Collect(removed: true, longLivedBefore, rows, open));
        }

        return (rows.ToImmutable(), open.ToImmutable());
    }

    /// <summary>Takes the newest catalog over, if there is a newer one than the one taken.</summary>
    public void Refresh()
    {
        if (ReferenceEquals(source.Feed.Current, Volatile.Read(ref _taken)))
        {
            return;
        }

        lock (_gate)
        {
            var next = source.Feed.Current;
            var taken = _taken;
            if (ReferenceEquals(next, taken))
            {
                return;
            }

            foreach (var (name, set) in next.Services)
            {
                // Catalogs share what did not change.
                if (taken.Services.TryGetValue(name, out var before) && ReferenceEquals(before, set))
                {
                    continue;
                }

                if (_routes.TryGetValue(name, out var route))
                {
                    route.Update(set);
                }
                else if (FindRemoved(name) is { } back)
                {
                    _removed.Remove(back);
                    back.Update(set);
                    _routes[name] = back;
                }
                else
                {
                    _routes[name] = new(set, options, time, _seed ^ (ulong)StringComparer.Ordinal.GetHashCode(name));
                }
            }

            foreach (var name in taken.Services.Keys)
            {
                if (!next.Services.ContainsKey(name) && _routes.TryRemove(name, out var route))
                {
                    _removed.Add(route);
                }
            }

            Volatile.Write(ref _taken, next);
        }
    }

    private ServiceRoute? FindRemoved(string name) => _removed.Find(left => left.Name == name);
}
