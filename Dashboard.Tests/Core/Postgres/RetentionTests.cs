using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

public sealed class RetentionTests(PostgresServer postgres)
{
    [Fact]
    public async Task What_is_older_is_dropped_and_the_chain_is_verified_from_its_checkpoint()
    {
        var database = await postgres.CreateDatabaseAsync();
        await CommitAsync(database, 1, 10);
        await AgeAsync(database, "true", "95 days");
        Assert.Equal(1, await PruneAsync(database));
        Assert.Equal(0L, await QueryAsync(database, "select count(*) from change"));

        await CommitAsync(database, 11, 15);
        await AgeAsync(database, "true", "20 days");
        // Closed, because it began longer than a tenth of the retention ago, and kept.
        Assert.Equal(0, await PruneAsync(database));
        Assert.Equal(2L, await QueryAsync(database, "select count(*) from change_partitions()"));

        await CommitAsync(database, 16, 20);
        await AgeAsync(database, "revision <= 15", "80 days");
        Assert.Equal(1, await PruneAsync(database));
        Assert.Equal(15L, await QueryAsync(database, "select revision from change_checkpoint"));
        var verified = await StoredLog.VerifyAsync(database);
        Assert.True(verified.IsIntact, verified.Problem);
        Assert.Equal((15, 20, 5), (verified.Checkpoint, verified.Head, verified.Checked));
        await CommitAsync(database, 21, 25);
        Assert.True((await StoredLog.VerifyAsync(database)).IsIntact);
        Assert.Equal(25L, await QueryAsync(database, "select count(*) from instance"));

        await QueryAsync(database, "set session_replication_role = replica; delete from change where revision = 16");
        var broken = await StoredLog.VerifyAsync(database);
        Assert.Equal((16L, "revision 16 is missing"), (broken.BrokenAt!.Value, broken.Problem));
    }

    [Fact]
    public async Task When_all_is_old_all_is_dropped_and_a_restart_follows_on()
    {
        var database = await postgres.CreateDatabaseAsync();
        await CommitAsync(database, 1, 10);
        await AgeAsync(database, "true", "200 days");
        Assert.Equal(1, await PruneAsync(database));

        Assert.Equal(0L, await QueryAsync(database, "select count(*) from change"));
        Assert.True((await StoredLog.VerifyAsync(database)).IsIntact);
        await using var again = await OpenAsync(database);
        Assert.Equal(11, (await again.CommitAsync(Register("cart", "cart-11"))).Revision);
        var verified = await StoredLog.VerifyAsync(database);
        Assert.True(verified.IsIntact, verified.Problem);
        Assert.Equal((10, 1), (verified.Checkpoint, verified.Checked));
    }

    [Fact]
    public async Task Open_operations_outlive_the_changes_that_opened_them()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await registry.CommitAsync(Register("cart", "cart-1"));
        var open = await registry.CommitAsync(new DrainInstance(new("cart", "cart-1")) { Reason = "disk", Override = true }, Operator);
        var closed = await registry.CommitAsync(new SetWeights("cart", System.Collections.Immutable.ImmutableSortedDictionary<string, int?>.Empty.Add("cart-1", 5)) { Reason = "canary", Override = true }, Operator);
        await registry.CommitAsync(new CloseOperation(closed.Operation!.Value, OperationOutcome.Completed, "seen") { TargetName = "cart" }, Actor.System("operations"));
        await AgeAsync(database, "true", "200 days");

        Assert.Equal(1, await PruneAsync(database));

        Assert.Equal(open.Operation, await QueryAsync(database, "select min(id) from operation"));
        Assert.Equal(1L, await QueryAsync(database, "select count(*) from operation"));
    }

    [Fact]
    public async Task The_log_grows_while_somebody_reads_it_for_long()
    {
        var database = await postgres.CreateDatabaseAsync();
        await CommitAsync(database, 1, 1);
        await SplitAsync(database, 3);
        await using var reader = new Npgsql.NpgsqlConnection(database);
        await reader.OpenAsync(Cancelled);
        await using var transaction = await reader.BeginTransactionAsync(Cancelled);
        await using (var read = new Npgsql.NpgsqlCommand("select count(*) from change", reader, transaction))
            await read.ExecuteScalarAsync(Cancelled);

        await CommitAsync(database, 2, 6);

        Assert.Equal(6L, await QueryAsync(database, "select count(*) from change"));
        Assert.Equal(2L, await QueryAsync(database, "select count(*) from change_partitions()"));
    }

    /// <summary>Drops what is older than the retention, as the console does each hour.</summary>
    internal static async Task<int> PruneAsync(string database, TimeSpan? retention = null)
    {
        using var job = new ChangeRetention(new() { ConnectionString = database, Retention = retention ?? TimeSpan.FromDays(90) }, TimeProvider.System, NullLogger<ChangeRetention>.Instance);
        return await job.PruneAsync(Cancelled);
    }

    /// <summary>Makes changes older, and chains them anew as if they had been written then.</summary>
    internal static async Task AgeAsync(string database, string which, string age)
    {
        await QueryAsync(database, $"set session_replication_role = replica; update change set at = at - interval '{age}' where {which}");
        await using var contexts = new RegistryDbContextFactory(new() { ConnectionString = database });
        await using var context = contexts.CreateDbContext();
        byte[]? hash = null;
        foreach (var row in context.Changes.OrderBy(row => row.Revision).ToList())
        {
            hash ??= row.PreviousHash;
            var chained = new Dashboard.Core.Postgres.Rows.ChangeRow
            {
                Revision = row.Revision,
                At = row.At,
                Actor = row.Actor,
                ActorKind = row.ActorKind,
                Address = row.Address,
                Action = row.Action,
                Target = row.Target,
                Reason = row.Reason,
                Operation = row.Operation,
                Touched = row.Touched,
                Before = row.Before,
                After = row.After,
                PreviousHash = hash,
                Hash = [],
            };
            var previous = Convert.ToHexString(hash);
            hash = chained.ComputeHash();
            await QueryAsync(database,
                $"set session_replication_role = replica; update change set previous_hash = '\\x{previous}', hash = '\\x{Convert.ToHexString(hash)}' where revision = {row.Revision}; update head set hash = '\\x{Convert.ToHexString(hash)}' where revision = {row.Revision}");
        }
    }

    /// <summary>Ends the log's one partition at a revision, so that a test need not write a hundred thousand changes to reach the next.</summary>
    internal static Task SplitAsync(string database, long at) => QueryAsync(database,
        $"""
        do $$ declare part record; begin
          select * into part from change_partitions();
          execute format('alter table change detach partition %I', part.name);
          create table rest (like change including all);
          execute format('with moved as (delete from %I where revision >= {at} returning *) insert into rest select * from moved', part.name);
          execute format('alter table change attach partition %I for values from (%s) to ({at})', part.name, part.first);
          if exists (select from rest) then
            alter table change attach partition rest for values from ({at}) to (1000000);
          else
            drop table rest;
          end if;
        end $$
        """);

    private static async Task CommitAsync(string database, int first, int last)
    {
        await using var registry = await OpenAsync(database);
        for (var n = first; n <= last; n++)
            await registry.CommitAsync(Register("cart", $"cart-{n}"));
        Assert.Equal(last, registry.Current.Revision);
    }
}
