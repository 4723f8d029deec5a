using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

public sealed class HeartbeatStoreTests(PostgresServer postgres)
{
    private static readonly InstanceKey A = new("orders", "a");
    private static readonly InstanceKey B = new("orders", "b");

    [Fact]
    public async Task Record_KeepsTheNewestOfEach_WhateverOrderTheyComeIn()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var store = new PostgresHeartbeatStore(new() { ConnectionString = database });

        await store.RecordAsync([(A, TimeSpan.FromSeconds(10)), (B, TimeSpan.FromSeconds(1))], Cancelled);
        await store.RecordAsync([(A, TimeSpan.FromSeconds(1)), (B, TimeSpan.FromHours(1))], Cancelled);

        var rows = (await store.ReadAsync(Cancelled)).ToDictionary(row => row.Key, row => row.Seen);
        Assert.Equal(2, rows.Count);
        Assert.InRange((rows[A] - rows[B]).TotalSeconds, -1, 3600 - 2);
        Assert.Equal(true, await QueryAsync(database, "select min(seen) > now() - interval '10 minutes' from heartbeat"));
    }

    [Fact]
    public async Task Forget_RemovesWhoWasNotHeardForSoLong()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var store = new PostgresHeartbeatStore(new() { ConnectionString = database });
        await store.RecordAsync([(A, TimeSpan.FromHours(2)), (B, TimeSpan.Zero)], Cancelled);

        await store.ForgetAsync(TimeSpan.FromHours(1), Cancelled);

        Assert.Equal([B], (await store.ReadAsync(Cancelled)).Select(row => row.Key));
    }

    [Fact]
    public async Task Record_UpdatesInPlace_SoThatTheTableDoesNotGrow()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var store = new PostgresHeartbeatStore(new() { ConnectionString = database });
        (InstanceKey, TimeSpan)[] all = [.. Enumerable.Range(0, 2000).Select(i => (new InstanceKey("orders", $"i-{i:D5}"), TimeSpan.Zero))];
        await store.RecordAsync(all, Cancelled);
        var before = (long)(await QueryAsync(database, "select pg_total_relation_size('heartbeat')"))!;

        for (var round = 0; round < 30; round++)
            await store.RecordAsync(all, Cancelled);

        var after = (long)(await QueryAsync(database, "select pg_total_relation_size('heartbeat')"))!;
        TestContext.Current.TestOutputHelper!.WriteLine($"2,000 rows: {before / 1024} KB at first, {after / 1024} KB after 30 renewals of each");
        Assert.True(after <= 3 * before, $"{before} bytes grew to {after}");
    }
}
