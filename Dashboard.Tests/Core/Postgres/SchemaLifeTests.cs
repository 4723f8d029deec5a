using System.Collections.Immutable;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

public sealed class SchemaLifeTests(PostgresServer postgres)
{
    [Theory]
    [InlineData("alter table head add column one integer; alter table nowhere add column two integer;", "\"nowhere\" does not exist")]
    [InlineData("alter table head add column one integer; update head set revision = -1;", "check constraint")]
    public async Task A_broken_script_leaves_the_database_as_it_was_and_says_so(string script, string reason)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using (var registry = await OpenAsync(database))
            await registry.CommitAsync(Register("cart", "cart-1"));
        ImmutableArray<(string, string)> scripts = [.. SchemaScripts.Numbered, ("db/0998_good.sql", "create table good (n integer);"), ("db/0999_broken.sql", script)];

        var failure = await Assert.ThrowsAsync<SchemaException>(() => SchemaRunner.ApplyAsync(database, scripts, NullLogger.Instance, Cancelled));

        Assert.Contains("db/0999_broken.sql failed", failure.Message, StringComparison.Ordinal);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains("the database is as before", failure.Message, StringComparison.Ordinal);
        // Not the script before it either.
        Assert.Equal(DBNull.Value, await QueryAsync(database, "select to_regclass('good')::text"));
        Assert.Equal(0L, await QueryAsync(database, "select count(*) from schema_script where scriptname > 'db/09'"));
        Assert.Equal(SchemaScripts.Newest, await QueryAsync(database, "select schema from head"));
        await using var again = await OpenAsync(database);
        await again.CommitAsync(Register("cart", "cart-2"));
    }

    [Fact]
    public async Task An_older_program_does_not_start_on_a_newer_schema()
    {
        var database = await postgres.CreateDatabaseAsync();
        await SchemaRunner.ApplyAsync(database, [.. SchemaScripts.Numbered, ("db/0999_newer.sql", "alter table head add column newer integer;")], NullLogger.Instance, Cancelled);

        var failure = await Assert.ThrowsAsync<SchemaException>(() => OpenAsync(database));

        Assert.Contains($"is number 999 and this program knows up to {SchemaScripts.Newest}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_program_that_is_running_stops_writing_when_a_newer_one_upgrades()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var older = await OpenAsync(database);
        await older.CommitAsync(Register("cart", "cart-1"));

        await SchemaRunner.ApplyAsync(database, [.. SchemaScripts.Numbered, ("db/0999_newer.sql", "alter table head add column newer integer;")], NullLogger.Instance, Cancelled);

        var refused = Assert.IsType<CommandResult.Unavailable>(await older.ExecuteAsync(Register("cart", "cart-2"), Service, Cancelled));
        Assert.Contains("a newer program has upgraded it", refused.Because, StringComparison.Ordinal);
        Assert.Equal(1L, await QueryAsync(database, "select count(*) from change"));
        // Reading goes on, and it stays with its word.
        Assert.Equal(1, older.Current.InstanceCount);
        for (var n = 0; n < 3; n++)
        {
            Assert.IsType<CommandResult.Unavailable>(await older.ExecuteAsync(Register("cart", "cart-2"), Service, Cancelled));
            await Task.Delay(TimeSpan.FromMilliseconds(150), TimeProvider.System, Cancelled);
        }

        Assert.Equal(1L, await QueryAsync(database, "select count(*) from change"));
        Assert.Contains("a newer program has upgraded it", older.Availability.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_applications_role_does_all_that_a_console_does_and_cannot_touch_the_log_or_the_schema()
    {
        await using var roles = await LeastPrivilege.CreateAsync();
        await using var registry = new PostgresRegistry(
            new() { ConnectionString = roles.Application, OwnerConnectionString = roles.Owner }, TimeProvider.System, NullLogger<PostgresRegistry>.Instance);
        await registry.StartAsync(Cancelled);
        await using var other = await OpenAsync(roles.Application);

        await EveryKindAsync(registry);

        await StoredLog.AssertWholeAsync(roles.Application);
        await EventuallyAsync(() => other.Current.Revision == registry.Current.Revision, "the other replica follows");
        Assert.Equal(Dump(registry.Current), Dump(other.Current));
        await using (var contexts = new RegistryDbContextFactory(new() { ConnectionString = roles.Application }))
            new DataProtectionKeyStore(contexts.Source).Add("key-1", "<key/>");

        // Minutes are written, and written again; a day that was there when the grants were given is its owner's too.
        await using (var history = new PostgresHistoryStore(new() { ConnectionString = roles.Application }))
        {
            foreach (var requests in new[] { 5, 7 })
                await history.WriteAsync(HistoryStoreTests.ThisMinute, [HistoryStoreTests.Of("cart", HistoryStoreTests.ThisMinute, requests)], Cancelled);
        }

        await QueryAsync(roles.Owner, SchemaScripts.Grants);
        var partition = (string)(await QueryAsync(roles.Owner, "select name from change_partitions() limit 1"))!;
        var day = (string)(await QueryAsync(roles.Owner, "select name from traffic_partitions() limit 1"))!;
        // What the head's trigger does, as a console that finds a restored database.
        await QueryAsync(roles.Application, "update head set generation = gen_random_uuid()");
        await QueryAsync(roles.Application, "update head set generation = gen_random_uuid()");
        foreach (var forbidden in new[]
        {
            "update change set actor = 'nobody'", "delete from change", "truncate change", "drop table change", "alter table change add column x integer", "alter table change disable trigger all",
            $"update {partition} set actor = 'nobody'", $"delete from {partition}", $"select * from {partition}", $"drop table {partition}", $"insert into {partition} select * from change",
            "delete from head", "truncate instance", "drop table instance", "alter table instance add column x integer", "create table mine (n integer)",
            "delete from change_checkpoint", "update change_checkpoint set revision = 0", "insert into schema_script (scriptname, applied) values ('db/9999', now())",
            "delete from traffic_minute", "truncate traffic_minute", $"delete from {day}", $"update {day} set requests = 0", $"drop table {day}", "select prune_traffic(interval '0')",
            "delete from generation_start", "delete from health_lease", "insert into health_lease (shard) values (1)", "delete from replica_secret", "update replica_secret set secret = '\\x00'",
            "select prune_changes(interval '0')", "select add_change_partition(5000000, 6000000)", "set session_replication_role = replica", "grant dashboard_owner to dashboard_app",
        })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => QueryAsync(roles.Application, forbidden));
            Assert.True(refused.SqlState is PostgresErrorCodes.InsufficientPrivilege, $"{forbidden}: {refused.MessageText}");
        }

        Assert.Equal("P0001", (await Assert.ThrowsAsync<PostgresException>(() => QueryAsync(roles.Application, "select ensure_change_partition(900000000000)"))).SqlState);
    }

    [Fact]
    public async Task The_applications_role_makes_new_partitions_and_the_owner_drops_old_ones()
    {
        await using var roles = await LeastPrivilege.CreateAsync();
        await SchemaRunner.ApplyAsync(roles.Owner, NullLogger.Instance, Cancelled);
        await RetentionTests.SplitAsync(roles.Superuser, 3);
        await using var registry = await OpenAsync(roles.Application);
        for (var n = 1; n <= 6; n++)
            await registry.CommitAsync(Register("cart", $"cart-{n}"));
        await QueryAsync(roles.Superuser, "set session_replication_role = replica; update change set at = at - interval '100 days'");

        Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => RetentionTests.PruneAsync(roles.Application))).SqlState);
        Assert.Equal(2, await RetentionTests.PruneAsync(roles.Owner));

        await registry.CommitAsync(Register("cart", "cart-7"));
        Assert.Equal(1L, await QueryAsync(roles.Application, "select count(*) from change"));
        // Not past the log's own table, either.
        var partition = await QueryAsync(roles.Owner, "select name from change_partitions() limit 1");
        await Assert.ThrowsAsync<PostgresException>(() => QueryAsync(roles.Application, $"select * from {partition}"));
    }

    [Fact]
    public async Task Roles_that_came_after_the_schema_get_their_grants_at_the_owners_next_start()
    {
        await using var roles = await LeastPrivilege.CreateAsync();
        await QueryAsync(roles.Superuser, "drop owned by dashboard_app; drop role dashboard_app");
        await SchemaRunner.ApplyAsync(roles.Owner, NullLogger.Instance, Cancelled);
        await roles.MakeRolesAsync();

        await SchemaRunner.ApplyAsync(roles.Owner, NullLogger.Instance, Cancelled);

        await using var registry = await OpenAsync(roles.Application);
        await registry.CommitAsync(Register("cart", "cart-1"));

        // As a program before this one gave it.
        await QueryAsync(roles.Superuser, "grant delete on traffic_minute, generation_start to dashboard_app");
        await SchemaRunner.ApplyAsync(roles.Owner, NullLogger.Instance, Cancelled);
        foreach (var taken in new[] { "delete from traffic_minute", "delete from generation_start" })
            Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => QueryAsync(roles.Application, taken))).SqlState);
    }

    [Fact]
    public async Task A_role_that_lacks_a_privilege_is_told_at_once_what_to_do()
    {
        await using var roles = await LeastPrivilege.CreateAsync();
        await SchemaRunner.ApplyAsync(roles.Owner, NullLogger.Instance, Cancelled);
        foreach (var lacking in new[] { "revoke select on head from dashboard_app", "revoke select on schema_script from dashboard_app", "revoke connect on database postgres from dashboard_app" })
        {
            await QueryAsync(roles.Superuser, lacking.Replace("database postgres", $"database {new NpgsqlConnectionStringBuilder(roles.Superuser).Database}", StringComparison.Ordinal));

            var failure = await Assert.ThrowsAsync<SchemaException>(() => OpenAsync(roles.Application));

            Assert.Contains("dashboard_app may not", failure.Message, StringComparison.Ordinal);
            Assert.Contains("permission denied for", failure.Message, StringComparison.Ordinal);
            Assert.Contains("db/roles.sql", failure.Message, StringComparison.Ordinal);
            Assert.Contains("ConnectionStrings:RegistryOwner", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_owner_of_another_database_is_refused_and_nothing_is_made_there()
    {
        var (database, other) = (await postgres.CreateDatabaseAsync(), await postgres.CreateDatabaseAsync());
        var secret = new NpgsqlConnectionStringBuilder(other).Password;

        var failure = await Assert.ThrowsAsync<SchemaException>(() => OpenAsync(database, configure: options => options.OwnerConnectionString = other));

        foreach (var place in new[] { database, other })
            Assert.Contains($"database {new NpgsqlConnectionStringBuilder(place).Database}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:RegistryOwner", failure.Message, StringComparison.Ordinal);
        Assert.True(string.IsNullOrEmpty(secret) || !failure.Message.Contains(secret, StringComparison.Ordinal));
        await using (var stored = new StoredRegistry(new() { ConnectionString = database, OwnerConnectionString = other }, NullLogger.Instance))
        {
            await Assert.ThrowsAsync<SchemaException>(() => stored.BackupAsync(Stream.Null, Cancelled));
            await Assert.ThrowsAsync<SchemaException>(() => stored.RestoreAsync(Stream.Null, replace: true, Cancelled));
        }

        // What is only written otherwise is the same.
        await using var same = await OpenAsync(database, configure: options => options.OwnerConnectionString = database + ";Application Name=owner");
    }

    [Fact]
    public async Task An_upgrade_by_the_applications_role_says_whom_to_name()
    {
        await using var roles = await LeastPrivilege.CreateAsync();

        var failure = await Assert.ThrowsAsync<SchemaException>(() => OpenAsync(roles.Application));

        Assert.Contains("dashboard_app may not do that", failure.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:RegistryOwner", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>A command of every kind that writes something of its own.</summary>
    private static async Task EveryKindAsync(PostgresRegistry registry)
    {
        for (var n = 1; n <= 4; n++)
        {
            await registry.CommitAsync(Register("cart", $"cart-{n}", node: "host-1"));
            await registry.CommitAsync(Probed("cart", $"cart-{n}", HealthStatus.Healthy));
        }

        await registry.CommitAsync(new PutService("search", ServiceSettings.Default with { MinEligible = 2 }), Operator);
        var weights = await registry.CommitAsync(new SetWeights("cart", ImmutableSortedDictionary<string, int?>.Empty.Add("cart-1", 5)) { Reason = "canary" }, Operator);
        await registry.CommitAsync(new UndoChange(weights.Change!) { Reason = "no canary" }, Operator);
        var drain = await registry.CommitAsync(new DrainInstance(new("cart", "cart-2")) { Reason = "disk" }, Operator);
        await registry.CommitAsync(new ExtendDrain(drain.Operation!.Value, TimeSpan.FromSeconds(60)) { TargetName = "cart/cart-2" }, Operator);
        await registry.CommitAsync(new CompleteDrain(drain.Operation.Value, Forced: false, "idle") { TargetName = "cart/cart-2" });
        await registry.CommitAsync(new UndrainInstance(new("cart", "cart-2"), 60), Operator);
        await registry.CommitAsync(new StepRamp(new("cart", "cart-2"), 50));
        await registry.CommitAsync(new SetMaintenance(new("cart", "cart-3"), null) { Reason = "memory", Override = true }, Operator);
        await registry.CommitAsync(new DrainNode("host-1") { Reason = "kernel", Override = true }, Operator);
        await registry.CommitAsync(new UndrainNode("host-1"), Operator);
        await registry.CommitAsync(new SetBrake("cart", new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), 3, 4)));
        await registry.CommitAsync(new SetBrake("cart", null));
        await registry.CommitAsync(new DeregisterInstance(new("cart", "cart-3")));
        await registry.CommitAsync(new WithholdRegistry(Guid.NewGuid(), 3));
        await registry.CommitAsync(new ConfirmRegistry(registry.Current.Generation), Operator);
        await registry.CommitAsync(new DeleteService("search"), Operator);
    }
}
