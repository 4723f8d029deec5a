using Dashboard.Core.Feeds;

namespace Dashboard.Core.Discovery;

/// <summary>
/// Where a data plane in this process learns who serves: derived from the registry in a console, followed over the network in a gateway of its own.
/// </summary>
public interface IServingSource
{
    /// <summary>Each update carries the whole catalog, so the newest is enough; an update is published for every revision, also when no serving set changed, so that it can be acknowledged.</summary>
    Feed<ServingCatalog, ServingUpdate> Feed { get; }

    /// <summary>Since when the catalog may be out of date (Postgres or the console away); null while it is current.</summary>
    DateTimeOffset? StaleSince { get; }
}
