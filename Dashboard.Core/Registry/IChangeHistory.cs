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

    /// <summary>Those of these operations that are known, in any order.</summary>
    Task<ImmutableArray<Operation>> FindOperationsAsync(ImmutableArray<long> ids, CancellationToken cancellationToken);

    /// <summary>Operations, newest first.</summary>
    Task<ImmutableArray<Operation>> RecentOperationsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>A plan, open or closed.</summary>
    Task<Plan?> FindPlanAsync(long id, CancellationToken cancellationToken);

    /// <summary>Those of these plans that are known, in any order.</summary>
    Task<ImmutableArray<Plan>> FindPlansAsync(ImmutableArray<long> ids, CancellationToken cancellationToken);

    /// <summary>Plans, newest first.</summary>
    Task<ImmutableArray<Plan>> RecentPlansAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Walks the hash chain from the oldest retained change to the head.</summary>
    /// <param name="progress">Is told now and then how many rows were read; null = nobody.</param>
    Task<ChainVerification> VerifyAsync(IProgress<long>? progress, CancellationToken cancellationToken);
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
public sealed record ChainVerification
{
    /// <summary>Rows that were read.</summary>
    public required long Checked { get; init; }

    /// <summary>The last revision that retention dropped: the walk began at its hash. 0 = the log is whole.</summary>
    public long Checkpoint { get; init; }

    /// <summary>Where the registry stood when the walk began.</summary>
    public long Head { get; init; }

    /// <summary>The hash of the last change, in hexadecimal. Kept elsewhere, it shows later whether the whole log was written anew.</summary>
    public string Hash { get; init; } = "";

    /// <summary>The first revision that is missing or not as it was written; null = the chain is intact.</summary>
    public long? BrokenAt { get; init; }

    /// <summary>What is wrong there; null = nothing.</summary>
    public string? Problem { get; init; }

    public bool IsIntact => BrokenAt is null;
}
