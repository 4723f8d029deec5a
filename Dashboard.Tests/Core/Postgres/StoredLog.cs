using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>What a database holds, read past every console.</summary>
internal static class StoredLog
{
    /// <summary>Walks the chain of the stored log.</summary>
    public static async Task<ChainVerification> VerifyAsync(string connectionString)
    {
        await using var contexts = new RegistryDbContextFactory(new() { ConnectionString = connectionString });
        return await new PostgresChangeHistory(contexts).VerifyAsync(null, Cancelled);
    }

    /// <summary>Every change, oldest first.</summary>
    public static async Task<List<RegistryChange>> ChangesAsync(string connectionString)
    {
        await using var contexts = new RegistryDbContextFactory(new() { ConnectionString = connectionString });
        var history = new PostgresChangeHistory(contexts);
        var changes = new List<RegistryChange>();
        long? before = null;
        while (await history.QueryAsync(new() { Before = before, Limit = 1000 }, Cancelled) is { IsEmpty: false } page)
        {
            changes.AddRange(page);
            before = page[^1].Revision;
        }

        changes.Reverse();
        return changes;
    }

    /// <summary>
    /// Asserts that the log has no gap, no repetition and an intact chain, and that the tables are exactly what the log leads to: no action without its record, no record without
    /// its action.
    /// </summary>
    public static async Task<List<RegistryChange>> AssertWholeAsync(string connectionString)
    {
        var verified = await VerifyAsync(connectionString);
        Assert.True(verified.IsIntact, verified.Problem);
        var changes = await ChangesAsync(connectionString);
        Assert.Equal(Enumerable.Range(1, changes.Count).Select(n => (long)n), changes.Select(change => change.Revision));
        Assert.Equal(verified.Head, changes.Count);

        await using var fresh = await OpenAsync(connectionString);
        var replayed = changes.Aggregate(RegistrySnapshot.Empty(fresh.Current.Generation, fresh.Current.At), (snapshot, change) => snapshot.Apply(change));
        Assert.Equal(Dump(replayed), Dump(fresh.Current));
        return changes;
    }
}
