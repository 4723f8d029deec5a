using System.Collections.Immutable;
using Dashboard.Core.Operations;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

public sealed class PostgresChangeHistoryTests(PostgresServer postgres) : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private string _database = "";
    private PostgresRegistry _registry = null!;
    private RegistryDbContextFactory _contexts = null!;
    private PostgresChangeHistory _history = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        _registry = await OpenAsync(_database);
        _contexts = new(new() { ConnectionString = _database });
        _history = new(_contexts);
        for (var n = 1; n <= 3; n++)
        {
            await _registry.CommitAsync(Register("cart", $"cart-{n}", node: "host-1"));
            await _registry.CommitAsync(Probed("cart", $"cart-{n}", HealthStatus.Healthy));
        }

        await _registry.CommitAsync(Register("search", "cart-1"));
        await _registry.CommitAsync(new SetWeights("cart", ImmutableSortedDictionary<string, int?>.Empty.Add("cart-1", 5)) { Reason = "canary" }, Operator);
        await _registry.CommitAsync(new DrainNode("host-1") { Reason = "kernel", Override = true }, new("lee", ActorKind.Operator));
    }

    public async ValueTask DisposeAsync()
    {
        await _contexts.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [Fact]
    public async Task A_change_comes_back_as_it_was_committed()
    {
        var committed = await _registry.CommitAsync(new DrainInstance(new("cart", "cart-2"), TimeSpan.FromSeconds(9)) { Reason = "why – ünïcode", Override = true }, Operator);

        var found = await _history.FindAsync(committed.Revision, Cancelled);

        Assert.Equal(committed.Change! with { Changes = [] }, found! with { Changes = [] });
        Assert.Equal(committed.Change!.Changes, found.Changes);
        Assert.Null(await _history.FindAsync(committed.Revision + 1, Cancelled));
        Assert.Equal(_registry.Current.Operations[committed.Operation!.Value], await _history.FindOperationAsync(committed.Operation.Value, Cancelled));
        Assert.Null(await _history.FindOperationAsync(1, Cancelled));
        Assert.Equal(committed.Operation, (await _history.RecentOperationsAsync(1, Cancelled)).Single().Id);
        Assert.Equal([8, committed.Operation!.Value], (await _history.FindOperationsAsync([1, 8, committed.Operation.Value], Cancelled)).Select(operation => operation.Id).Order());
        Assert.Empty(await _history.FindOperationsAsync([], Cancelled));
    }

    [Fact]
    public async Task A_forgotten_data_plane_is_kept_though_nothing_else_changed()
    {
        var known = new FollowerRecord("Gateway", "10.0.0.7", ["cart", "search"], 7, Now, Connected: false);
        var committed = await _registry.CommitAsync(new ForgetFollower("edge-7") { Reason = "scrapped", Known = known }, Operator);

        var found = await _history.FindAsync(committed.Revision, Cancelled);

        Assert.Equal(("follower.forget", "follower:edge-7", "scrapped"), (found!.Action, found.Target, found.Reason));
        Assert.Equal([new FollowerChange("edge-7", known, null)], found.Changes);
        Assert.Null((await _history.VerifyAsync(null, Cancelled)).BrokenAt);
        await using var again = await OpenAsync(_database);
        Assert.Equal(committed.Revision, again.Current.Revision);
    }

    [Fact]
    public async Task Filters_select_what_they_say_newest_first()
    {
        Assert.Equal([9, 8, 7, 6, 5, 4, 3, 2, 1], await Find(new()));
        Assert.Equal([9, 8], await Find(new() { Limit = 2 }));
        Assert.Equal([7, 6], await Find(new() { Before = 8, Limit = 2 }));
        Assert.Equal([7], await Find(new() { Service = "search" }));
        Assert.Equal([9, 8, 2, 1], await Find(new() { Service = "cart", Instance = "cart-1" }));
        Assert.Equal([9, 8, 7, 2, 1], await Find(new() { Instance = "cart-1" }));
        Assert.Equal([9], await Find(new() { Node = "host-1" }));
        Assert.Equal([9], await Find(new() { Actor = "lee" }));
        Assert.Equal([9, 8], await Find(new() { OperatorsOnly = true }));
        Assert.Equal([6, 4, 2], await Find(new() { Action = "instance.health" }));
        Assert.Equal([7, 6, 5, 4, 3, 2, 1], await Find(new() { Action = "instance.*" }));
        Assert.Empty(await Find(new() { Action = "instance%" }));
    }

    [Fact]
    public async Task An_untouched_chain_is_intact()
    {
        var read = new List<long>();

        var verified = await _history.VerifyAsync(new Immediately(read.Add), Cancelled);

        Assert.True(verified.IsIntact, verified.Problem);
        Assert.Equal((9, 9, 0), (verified.Checked, verified.Head, verified.Checkpoint));
        Assert.Equal(await QueryAsync(_database, "select encode(hash, 'hex') from head"), verified.Hash);
        Assert.Equal([9], read);
    }

    [Theory]
    [InlineData("update change set reason = 'nothing to see' where revision = 4", 4, "is not as it was written")]
    [InlineData("update change set after = '{\"entities\":[]}' where revision = 1", 1, "is not as it was written")]
    [InlineData("update change set before = (before::text || ' ')::json where revision = 3", 3, "is not as it was written")]
    [InlineData("update change set at = at + interval '1 microsecond' where revision = 8", 8, "is not as it was written")]
    [InlineData("update change set hash = set_byte(hash, 0, 255 - get_byte(hash, 0)) where revision = 6", 6, "is not as it was written")]
    [InlineData("update change set actor = 'nobody', hash = sha256('forged') where revision = 9", 9, "is not as it was written")]
    [InlineData("delete from change where revision = 1", 1, "revision 1 is missing")]
    [InlineData("delete from change where revision = 5", 5, "revision 5 is missing")]
    [InlineData("delete from change where revision between 3 and 6", 3, "revisions 3 to 6 are missing")]
    [InlineData("delete from change where revision > 7", 8, "revision 8 and all after it are missing")]
    [InlineData("delete from change", 1, "revision 1 and all after it are missing")]
    [InlineData("update change set revision = -1 where revision = 4; update change set revision = 4 where revision = 5; update change set revision = 5 where revision = -1", 4, "does not follow revision 3")]
    [InlineData("update head set hash = sha256('another')", 9, "another hash than the head notes")]
    public async Task A_forged_or_missing_row_is_named(string forgery, long broken, string problem)
    {
        // As a superuser, past the triggers; a row outside of every partition would not be taken.
        await QueryAsync(_database, "create table change_below partition of change for values from (-10) to (0)");
        await QueryAsync(_database, "set session_replication_role = replica; " + forgery);

        var verified = await _history.VerifyAsync(null, Cancelled);

        Assert.Equal(broken, verified.BrokenAt);
        Assert.Contains(problem, verified.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_the_sign_in_cookies_are_kept()
    {
        var store = new DataProtectionKeyStore(_contexts.Source);
        store.Add("key-1", "<key/>");
        store.Add("key-2", "<key id=\"2\"/>");

        Assert.Equal(["<key/>", "<key id=\"2\"/>"], store.GetAll());
        Assert.Equal(2L, await QueryAsync(_database, "select count(*) from data_protection_key"));
    }

    private async Task<IEnumerable<long>> Find(ChangeQuery query) => (await _history.QueryAsync(query, Cancelled)).Select(change => change.Revision);

    private sealed class Immediately(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}
