using System.Collections.Immutable;
using Dashboard.Core.Discovery;

namespace Dashboard.Web.Gateway;

/// <summary>What a gateway in this process says of itself.</summary>
public sealed class GatewayStatus
{
    private GatewayTables? _tables;
    private volatile string _id;
    private ImmutableArray<string> _urls = [];

    public GatewayStatus()
        : this("gateway")
    {
    }

    internal GatewayStatus(string id) => _id = id;

    /// <summary>The name it reports and acknowledges under.</summary>
    public string Id => _id;

    /// <summary>Where it listens; empty before it does.</summary>
    public ImmutableArray<string> Urls => _urls;

    public bool IsListening => !_urls.IsEmpty;

    /// <summary>The catalog that requests are forwarded by.</summary>
    public ServingCatalog Catalog => _tables?.Taken ?? ServingCatalog.Empty;

    /// <summary>It has heard of a registry at least once, so it can forward.</summary>
    public bool HasCatalog => Catalog.Generation != Guid.Empty;

    /// <summary>Since when the catalog may be out of date; null while it is current.</summary>
    public DateTimeOffset? StaleSince => _tables?.StaleSince;

    /// <summary>Instances that connects failed at and that are left out for a while by this gateway alone.</summary>
    public int EjectedInstances => _tables?.EjectedInstances ?? 0;

    internal void Started(string id, ImmutableArray<string> urls, GatewayTables tables)
    {
        _id = id;
        _tables = tables;
        _urls = urls;
    }

    internal void Stopped() => _urls = [];
}
