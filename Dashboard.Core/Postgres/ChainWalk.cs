using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;
using Microsoft.EntityFrameworkCore;

namespace Dashboard.Core.Postgres;

/// <summary>Walks the change log row by row and compares what is stored with what was hashed.</summary>
internal static class ChainWalk
{
    // A query each, so that a long log is neither one long transaction nor in memory at once.
    private const int PageSize = 5000;

    /// <summary>Walks from the checkpoint of retention to where the head is now.</summary>
    public static async Task<ChainVerification> RunAsync(RegistryDbContext context, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        context.Database.SetCommandTimeout(TimeSpan.FromMinutes(1));
        // Read first: rows that come later are not part of the walk, and a row that the head knows must be there.
        var head = await context.Heads.SingleAsync(cancellationToken);
        while (true)
        {
            var checkpoint = await context.ChangeCheckpoints.SingleOrDefaultAsync(cancellationToken);
            var result = await RunAsync(context, head, checkpoint, progress, cancellationToken);
            if (result.IsIntact || (await context.ChangeCheckpoints.SingleOrDefaultAsync(cancellationToken))?.Revision == checkpoint?.Revision)
                return result;
            // Retention dropped rows under the walk: what remains is walked anew.
        }
    }

    private static async Task<ChainVerification> RunAsync(RegistryDbContext context, HeadRow head, ChangeCheckpointRow? checkpoint, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var (revision, hash) = checkpoint is null ? (0L, ChangeRow.NoHash.ToArray()) : (checkpoint.Revision, checkpoint.Hash);
        var result = new ChainVerification { Checked = 0, Checkpoint = revision, Head = head.Revision, Hash = Convert.ToHexStringLower(head.Hash) };
        var count = 0L;
        while (revision < head.Revision)
        {
            var (after, until) = (revision, head.Revision);
            await foreach (var row in context.Changes.Where(row => row.Revision > after && row.Revision <= until).OrderBy(row => row.Revision).Take(PageSize)
                .AsAsyncEnumerable().WithCancellation(cancellationToken))
            {
                count++;
                if (Problem(row, revision, hash) is { } problem)
                    return result with { Checked = count, BrokenAt = revision + 1, Problem = problem };
                (revision, hash) = (row.Revision, row.Hash);
            }

            if (revision == after)
                return result with { Checked = count, BrokenAt = revision + 1, Problem = $"revision {revision + 1} and all after it are missing, although the head is at {head.Revision}" };
            progress?.Report(count);
        }

        return hash.AsSpan().SequenceEqual(head.Hash)
            ? result with { Checked = count }
            : result with { Checked = count, BrokenAt = head.Revision, Problem = $"revision {head.Revision} has another hash than the head notes" };
    }

    private static string? Problem(ChangeRow row, long revision, byte[] hash) =>
        row.Revision != revision + 1 ? (row.Revision == revision + 2 ? $"revision {revision + 1} is missing" : $"revisions {revision + 1} to {row.Revision - 1} are missing")
        : !row.PreviousHash.AsSpan().SequenceEqual(hash) ? (revision == 0 ? "revision 1 does not begin the chain" : $"revision {row.Revision} does not follow revision {revision}: the hash that it was chained to is another")
        : !row.ComputeHash().AsSpan().SequenceEqual(row.Hash) ? $"revision {row.Revision} is not as it was written: its columns do not give its hash"
        : null;
}
