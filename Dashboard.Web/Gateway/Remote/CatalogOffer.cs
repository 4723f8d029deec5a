using System.Collections.Immutable;
using Dashboard.Core.Discovery;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>Whether a catalog that a console offers is taken in place of the one that requests are forwarded by.</summary>
internal enum CatalogOffer
{
    Take,

    /// <summary>Of the same registry, but older than what is held: a replica that has not caught up, or a restored database. Taken once it has caught up, or when its patience is over.</summary>
    Older,

    /// <summary>Another registry, which knows no instance at all and which no operator has confirmed: taking it would cut off everything.</summary>
    Empty,
}

/// <summary>What is decided about an offer, and what an accepted one changes. Pure.</summary>
internal static class CatalogOffers
{
    public static CatalogOffer Judge(ServingCatalog held, ServingCatalog offered) =>
        held.Generation == Guid.Empty ? CatalogOffer.Take
        : held.Generation == offered.Generation ? offered.Revision < held.Revision ? CatalogOffer.Older : CatalogOffer.Take
        : KnowsAnybody(held) && !KnowsAnybody(offered) && !offered.Confirmed ? CatalogOffer.Empty
        : CatalogOffer.Take;

    /// <summary>The offered catalog with the very sets of the held one where they say the same, and the names of those that say something else.</summary>
    public static ServingUpdate Step(ServingCatalog held, ServingCatalog offered)
    {
        var services = offered.Services.ToBuilder();
        var changed = ImmutableArray.CreateBuilder<string>();
        foreach (var (name, set) in offered.Services)
        {
            if (!held.Services.TryGetValue(name, out var before) || !set.SaysTheSameAs(before))
            {
                changed.Add(name);
            }
            else if (before.Revision == set.Revision && before.Total == set.Total)
            {
                services[name] = before;
            }
        }

        changed.AddRange(held.Services.Keys.Where(name => !offered.Services.ContainsKey(name)));
        return new(offered with { Services = services.ToImmutable() }, changed.ToImmutable());
    }

    // One that is drained, or unhealthy, is somebody too.
    private static bool KnowsAnybody(ServingCatalog catalog) => catalog.Services.Values.Any(set => set.Total > 0);
}
