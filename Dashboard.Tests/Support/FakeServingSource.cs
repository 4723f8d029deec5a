using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;

namespace Dashboard.Tests.Support;

/// <summary>A catalog that a test writes itself.</summary>
internal sealed class FakeServingSource : IServingSource
{
    public FakeServingSource(params ServingSet[] sets)
    {
        var catalog = new ServingCatalog(Guid.NewGuid(), 1, 0, DateTimeOffset.UnixEpoch, sets.ToImmutableDictionary(set => set.Service));
        Feed = new(catalog);
    }

    public Feed<ServingCatalog, ServingUpdate> Feed { get; }

    public DateTimeOffset? StaleSince { get; set; }

    public ServingCatalog Current => Feed.Current;

    /// <summary>Nothing was loaded yet.</summary>
    public static FakeServingSource NotLoaded()
    {
        var source = new FakeServingSource();
        source.Feed.Reset(ServingCatalog.Empty);
        return source;
    }

    /// <summary>Publishes these sets at the next revision, the others as they are.</summary>
    public ServingCatalog Publish(params ServingSet[] sets)
    {
        var next = Feed.Current with
        {
            Revision = Feed.Current.Revision + 1,
            Services = Feed.Current.Services.SetItems(sets.Select(set => KeyValuePair.Create(set.Service, set))),
        };
        Feed.Publish(next, new(next, [.. sets.Select(set => set.Service)]));
        return next;
    }

    /// <summary>Publishes the catalog without a service.</summary>
    public void Remove(string service)
    {
        var next = Feed.Current with { Revision = Feed.Current.Revision + 1, Services = Feed.Current.Services.Remove(service) };
        Feed.Publish(next, new(next, [service]));
    }
}
