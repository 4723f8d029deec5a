using System.Collections.Immutable;
using Dashboard.Core.History;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

public sealed class HistoryStoreTests(PostgresServer postgres)
{
    internal static DateTimeOffset ThisMinute => DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 60 * 60);

    [Fact]
    public async Task Consoles_that_write_the_same_minute_leave_one_row_the_one_that_knows_more()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = new PostgresHistoryStore(new() { ConnectionString = database });
        await using var other = new PostgresHistoryStore(new() { ConnectionString = database });
        var minute = ThisMinute;

        await Task.WhenAll(Enumerable.Range(0, 10).Select(n => (n % 2 == 0 ? one : other).WriteAsync(minute, [Of("cart", minute, 100), Of("orders", minute, 50)], Cancelled)));
        Assert.Equal(2L, await QueryAsync(database, "select count(*) from traffic_minute"));

        await one.WriteAsync(minute, [Of("cart", minute, 900, unknown: 30), Of("orders", minute, 60)], Cancelled);
        var read = await other.ReadMinuteAsync(minute, ["cart", "orders", "nosuch"], Cancelled);
        Assert.Equal([("cart", 100L), ("orders", 60L)], read.OrderBy(row => row.Service, StringComparer.Ordinal).Select(row => (row.Service, row.Requests)));
        Assert.Equal("web", Assert.Single(read[0].Callers).Key.Source);

        await one.WriteAsync(minute.AddMinutes(-1), [Of("cart", minute.AddMinutes(-1), 7)], Cancelled);
        Assert.Equal([7L, 100L], (await one.ReadServiceAsync("cart", minute.AddMinutes(-5), minute.AddMinutes(1), Cancelled)).Select(row => row.Requests));
    }

    [Fact]
    public async Task Days_are_made_ahead_and_dropped_after_their_retention()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var store = new PostgresHistoryStore(new() { ConnectionString = database });
        var minute = ThisMinute;
        await store.WriteAsync(minute, [Of("cart", minute, 1)], Cancelled);
        Assert.Equal(2L, await QueryAsync(database, "select count(*) from traffic_partitions()"));
        await QueryAsync(database, "create table traffic_minute_old partition of traffic_minute for values from ('2020-01-01 00:00+00') to ('2020-01-02 00:00+00'); insert into traffic_minute values ('cart', '2020-01-01 12:00+00', 0, 0, '\\x01')");

        using var kept = new ChangeRetention(new() { ConnectionString = database, TrafficRetention = TimeSpan.Zero }, TimeProvider.System, NullLogger<ChangeRetention>.Instance);
        Assert.Equal(0, await kept.PruneTrafficAsync(Cancelled));
        using var pruned = new ChangeRetention(new() { ConnectionString = database }, TimeProvider.System, NullLogger<ChangeRetention>.Instance);
        Assert.Equal(1, await pruned.PruneTrafficAsync(Cancelled));
        Assert.Equal(1L, await QueryAsync(database, "select count(*) from traffic_minute"));
    }

    [Fact]
    public async Task The_registry_at_each_moment_of_the_log_is_what_it_was()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await using var store = new PostgresHistoryStore(new() { ConnectionString = database });
        var history = new MeshHistory(registry, new TrafficStore(TimeProvider.System), store, TimeProvider.System);
        var then = new List<string>();
        RegistryCommand[] commands =
        [
            Register("cart", "cart-1", node: "n1"), Register("cart", "cart-2", 8081), Probed("cart", "cart-1", HealthStatus.Healthy), Probed("cart", "cart-2", HealthStatus.Healthy),
            new DrainInstance(new("cart", "cart-1")) { Override = true, Reason = "r" }, new DrainNode("n1") { Override = true, Reason = "r" }, new DeregisterInstance(new("cart", "cart-2")),
            new UndrainNode("n1"), new DeleteService("cart") { Override = true, Reason = "r" }, Register("orders", "o-1"),
        ];
        var first = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddHours(-1).ToUnixTimeSeconds());
        for (var i = 0; i < commands.Length; i++)
        {
            await registry.CommitAsync(commands[i], commands[i] is OperatorCommand and not DeregisterInstance ? Operator : Service);
            // Each a second apart, as the log's own time tells.
            await QueryAsync(database, $"set session_replication_role = replica; update change set at = '{first.AddSeconds(i):u}' where revision = {registry.Current.Revision}");
            then.Add(Describe(registry.Current));
        }

        for (var i = 0; i < then.Count; i++)
        {
            var since = await store.ChangesSinceAsync(first.AddSeconds(i + 0.5), 1000, Cancelled);
            Assert.Equal(i + 1, since.Revision);
            Assert.Equal(then[i], Describe(registry.Current.Rewind(since.Revision, since.At!.Value, since.Earlier!.Value)));
        }

        Assert.Null((await store.ChangesSinceAsync(first, 3, Cancelled)).Earlier);
        Assert.Equal(PastFault.NotKnown, (await history.AtAsync(first.AddMinutes(-1), Cancelled)).Fault);
        var marks = await history.MarksAsync("cart", first, TimeProvider.System.GetUtcNow(), Cancelled);
        Assert.Contains("instance.drain", marks.Select(mark => mark.Action));
        Assert.DoesNotContain("orders", marks.Select(mark => mark.Target.Split('/')[0]));
        // What nobody asked for, the newest of it.
        var unasked = await store.UnaskedAsync(first.AddSeconds(-1), TimeProvider.System.GetUtcNow(), 100, Cancelled);
        Assert.Equal(6, unasked.Length);
        Assert.DoesNotContain(unasked, change => change.Actor.Kind == ActorKind.Operator);
        Assert.Equal(unasked.TakeLast(2).Select(change => change.Revision), (await store.UnaskedAsync(first.AddSeconds(-1), TimeProvider.System.GetUtcNow(), 2, Cancelled)).Select(change => change.Revision));
        Assert.Empty(await store.UnaskedAsync(first.AddDays(-2), first.AddDays(-1), 100, Cancelled));
    }

    [Fact]
    public async Task What_was_before_a_restore_is_refused()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using (var registry = await OpenAsync(database))
        {
            await registry.CommitAsync(Register("cart", "cart-1"));
        }

        await using var store = new PostgresHistoryStore(new() { ConnectionString = database });
        Assert.Null((await store.SpanAsync(Cancelled)).Generation);
        await QueryAsync(database, "update head set generation = gen_random_uuid()");
        await using var again = await OpenAsync(database);
        var history = new MeshHistory(again, new TrafficStore(TimeProvider.System), store, TimeProvider.System);

        var span = await store.SpanAsync(Cancelled);
        Assert.NotNull(span.Generation);
        var answer = await history.AtAsync(span.Generation.Value.AddSeconds(-2), Cancelled);
        Assert.Equal(PastFault.OtherGeneration, answer.Fault);
    }

    [Fact]
    public async Task The_application_alone_writes_minutes_and_a_backup_leaves_them_out()
    {
        await using var roles = await LeastPrivilege.CreateAsync();
        await using (var registry = new PostgresRegistry(new() { ConnectionString = roles.Application, OwnerConnectionString = roles.Owner }, TimeProvider.System, NullLogger<PostgresRegistry>.Instance))
        {
            await registry.StartAsync(Cancelled);
            await registry.CommitAsync(Register("cart", "cart-1"));
        }

        await using var store = new PostgresHistoryStore(new() { ConnectionString = roles.Application });
        var minute = ThisMinute;
        await store.WriteAsync(minute, [Of("cart", minute, 5)], Cancelled);
        Assert.Single(await store.ReadMinuteAsync(minute, ["cart"], Cancelled));

        await using var stored = new StoredRegistry(new() { ConnectionString = roles.Owner }, NullLogger.Instance);
        using var backup = new MemoryStream();
        await stored.BackupAsync(backup, Cancelled);
        using var archive = new System.IO.Compression.ZipArchive(backup, System.IO.Compression.ZipArchiveMode.Read, leaveOpen: true);
        Assert.DoesNotContain("traffic_minute.copy", archive.Entries.Select(entry => entry.Name));
        Assert.Contains("change.copy", archive.Entries.Select(entry => entry.Name));
        archive.Dispose();
        backup.Position = 0;
        await stored.RestoreAsync(backup, replace: true, Cancelled);
        Assert.NotNull((await store.SpanAsync(Cancelled)).Generation);
    }

    internal static ServiceMinute Of(string service, DateTimeOffset minute, long requests, int unknown = 0)
    {
        var figures = new TrafficFigures(requests, requests, 0, ServiceMinute.Rate(requests, 60 - unknown), null, null, null);
        return new()
        {
            Service = service,
            Minute = minute,
            UnknownSeconds = unknown,
            Requests = requests,
            Completed = requests,
            Callers = [new(new("web", service), figures, minute.AddMinutes(1))],
            Instances = [new(new(service, service + "-1"), figures, 1, 0, InFlightComplete: true, minute.AddMinutes(1))],
        };
    }

    private static string Describe(RegistrySnapshot snapshot) => System.Text.Json.JsonSerializer.Serialize(new
    {
        snapshot.Revision,
        snapshot.InstanceCount,
        Services = snapshot.Services.OrderBy(service => service.Key, StringComparer.Ordinal).Select(service => new { service.Key, service.Value.Definition, Instances = service.Value.Instances.Values, Serving = service.Value.Serving.Endpoints.Select(endpoint => endpoint.Id) }),
        Nodes = snapshot.Nodes.OrderBy(node => node.Key, StringComparer.Ordinal).Select(node => new { node.Key, node.Value.State, Instances = node.Value.Instances.Select(key => key.ToString()) }),
        Operators = snapshot.OperatorStates.OrderBy(state => state.Key.ToString(), StringComparer.Ordinal).Select(state => new { Key = state.Key.ToString(), state.Value }),
    });
}
