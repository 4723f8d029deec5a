using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>Reads the change log.</summary>
public interface IChangeHistory
{
    /// <summary>Changes that match, newest first.</summary>
    Task<ImmutableArray<RegistryChange>> QueryAsync(ChangeQuery query, CancellationToken cancellationToken);

    Task<RegistryChange?> FindAsync(long revision, CancellationToken cancellationToken);

    /// <summary>An operation, open or closed.</summary>
    Task<Operation?> FindOperationAsync(long id, CancellationToken cancellationToken);

    /// <summary>Operations, newest first.</summary>
    Task<ImmutableArray<Operation>> RecentOperationsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Walks the hash chain.</summary>
    Task<ChainVerification> VerifyAsync(CancellationToken cancellationToken);
}

/// <summary>Filters of the change log; null = any.</summary>
public sealed record ChangeQuery
{
    public string? Service { get; init; }

    public string? Instance { get; init; }

    public string? Node { get; init; }

    public string? Actor { get; init; }

    /// <summary>An action, or its beginning followed by <c>*</c>.</summary>
    public string? Action { get; init; }

    /// <summary>Only what operators did (no registrations, probes and the like).</summary>
    public bool OperatorsOnly { get; init; }

    /// <summary>Only revisions below this one.</summary>
    public long? Before { get; init; }

    /// <summary>1-1000.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>The result of walking the chain.</summary>
/// <param name="Checked">Rows that were read.</param>
/// <param name="BrokenAt">The first row whose hash does not fit; null = intact.</param>
public sealed record ChainVerification(long Checked, long? BrokenAt);
