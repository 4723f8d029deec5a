using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery;

/// <summary>What a data plane follows: every service's serving set at one revision. Immutable.</summary>
/// <param name="Overlay">Health transitions applied while Postgres is away, see <see cref="RegistrySnapshot.Overlay"/>.</param>
/// <param name="At">When the last change was made.</param>
public sealed record ServingCatalog(Guid Generation, long Revision, long Overlay, DateTimeOffset At, ImmutableDictionary<string, ServingSet> Services)
{
    /// <summary>An operator confirmed that this generation counts, however little there is in it: see <see cref="Withholding"/>.</summary>
    public bool Confirmed { get; init; }

    public static readonly ServingCatalog Empty = new(Guid.Empty, 0, 0, DateTimeOffset.MinValue, ImmutableDictionary<string, ServingSet>.Empty);
}

/// <summary>A step from one catalog to the next.</summary>
/// <param name="Changed">Services whose serving set says something else now, or is gone.</param>
public sealed record ServingUpdate(ServingCatalog Catalog, ImmutableArray<string> Changed);
