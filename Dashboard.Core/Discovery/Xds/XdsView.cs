using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>All resources of one dialect at one revision. Immutable; what did not change is the same object in the next.</summary>
public sealed class XdsView
{
    private static readonly ImmutableDictionary<string, XdsResource> None = ImmutableDictionary.Create<string, XdsResource>(StringComparer.Ordinal);

    private readonly ImmutableArray<ImmutableDictionary<string, XdsResource>> _resources;

    private XdsView(XdsDialect dialect, ServingCatalog catalog, ImmutableArray<ImmutableDictionary<string, XdsResource>> resources)
    {
        Dialect = dialect;
        Catalog = catalog;
        _resources = resources;
    }

    public XdsDialect Dialect { get; }

    /// <summary>What the resources were made from.</summary>
    public ServingCatalog Catalog { get; }

    public Guid Generation => Catalog.Generation;

    public long Revision => Catalog.Revision;

    /// <summary>Names the state as people see it in a client's configuration dump: the revision, and the overlay while there is one.</summary>
    public string Version => Catalog.Overlay == 0 ? $"{Revision}" : $"{Revision}.{Catalog.Overlay}";

    public static XdsView Of(XdsDialect dialect, ServingCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(dialect);
        ArgumentNullException.ThrowIfNull(catalog);
        return new XdsView(dialect, ServingCatalog.Empty, [None, None, None, None]).Next(catalog, [.. catalog.Services.Keys], describeAll: true).View;
    }

    public ImmutableDictionary<string, XdsResource> All(XdsType type) => _resources[(int)type];

    public XdsResource? Find(XdsType type, string name) => All(type).GetValueOrDefault(name);

    /// <summary>The view of a later catalog, and which resources are other bytes in it, or gone.</summary>
    /// <param name="services">The services that may differ.</param>
    public (XdsView View, ImmutableArray<XdsKey> Changed) Next(ServingCatalog catalog, IReadOnlyCollection<string> services)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(services);
        return Next(catalog, services, services.Any(name => Dialect.ChangesAll(Catalog.Services.GetValueOrDefault(name), catalog.Services.GetValueOrDefault(name))));
    }

    /// <summary>The view of a catalog that no list of changes leads to.</summary>
    public (XdsView View, ImmutableArray<XdsKey> Changed) Replace(ServingCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return Next(catalog, [.. Catalog.Services.Keys.Union(catalog.Services.Keys, StringComparer.Ordinal)], describeAll: true);
    }

    private (XdsView View, ImmutableArray<XdsKey> Changed) Next(ServingCatalog catalog, IReadOnlyCollection<string> services, bool describeAll)
    {
        var resources = _resources.Select(all => all.ToBuilder()).ToArray();
        var changed = ImmutableArray.CreateBuilder<XdsKey>();
        foreach (var service in services)
        {
            if (catalog.Services.TryGetValue(service, out var set))
            {
                foreach (var resource in Dialect.Describe(Catalog.Services.GetValueOrDefault(service), set))
                    Put(resource);
            }
            else
            {
                for (var type = XdsType.Cluster; (int)type < XdsTypes.Count; type++)
                {
                    if (Dialect.IsByService(type) && resources[(int)type].Remove(service))
                        changed.Add(new(type, service));
                }
            }
        }

        if (describeAll)
        {
            foreach (var resource in Dialect.DescribeAll(catalog))
                Put(resource);
        }

        return (new(Dialect, catalog, [.. resources.Select(all => all.ToImmutable())]), changed.ToImmutable());

        void Put(XdsResource resource)
        {
            var all = resources[(int)resource.Type];
            if (all.TryGetValue(resource.Name, out var before) && before.Version == resource.Version)
                return;

            all[resource.Name] = resource;
            changed.Add(new(resource.Type, resource.Name));
        }
    }
}
