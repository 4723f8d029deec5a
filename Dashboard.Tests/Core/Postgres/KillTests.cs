using System.Collections.Concurrent;
using System.Globalization;
using Dashboard.Core.Postgres;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>kill -9 of Postgres in the middle of writing, again and again: what was acknowledged is there, and the log and the tables tell the same.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Kills = 20;

    [Fact]
    public async Task Kills_of_Postgres_lose_nothing_that_was_acknowledged()
    {
        await using var server = await PostgresServer.StartPrivateAsync(durable: true);
        await using var registry = new PostgresRegistry(
            new() { ConnectionString = server.ConnectionString, RetryInterval = TimeSpan.FromMilliseconds(20) }, TimeProvider.System, NullLogger<PostgresRegistry>.Instance);
        await registry.StartAsync(Cancelled);
        var acknowledged = new ConcurrentQueue<(long Revision, string Target)>();
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 32).Select(n => Task.Run(
            () => StoreChild.WriteAsync(registry, $"writer-{n}", (revision, target) => acknowledged.Enqueue((revision, target)), stop.Token), Cancelled)).ToArray();

        for (var n = 0; n < Kills; n++)
        {
            var before = acknowledged.Count;
            await EventuallyAsync(() => acknowledged.Count >= before + 50 + 37 * n % 200, "writes are acknowledged", seconds: 60);
            // Every fourth time the server itself; else a session of it, at which the server throws away all its memory and recovers.
            var victim = n % 4 == 0
                ? server.ProcessId
                : (int)(await QueryAsync(server.ConnectionString, "select pid from pg_stat_activity where application_name = 'dashboard writer' union all select pg_backend_pid() limit 1"))!;
            Signals.Kill(victim);
            await EventuallyAsync(() => !registry.Availability.IsAvailable || acknowledged.Count > before + 2000, "the kill is noticed", seconds: 60);
        }

        await EventuallyAsync(() => registry.Availability.IsAvailable, "Postgres is back", seconds: 60);
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await AssertKeptAsync(server.ConnectionString, acknowledged, $"{Kills} kills of Postgres");
        await using var fresh = await OpenAsync(server.ConnectionString);
        Assert.Equal(Dump(fresh.Current), Dump(registry.Current));
    }

    private async Task AssertKeptAsync(string database, IReadOnlyCollection<(long Revision, string Target)> acknowledged, string what)
    {
        var changes = await StoredLog.AssertWholeAsync(database);
        var lost = acknowledged.Where(ack => ack.Revision > changes.Count || changes[(int)ack.Revision - 1].Target != ack.Target).ToArray();
        Assert.Empty(lost);
        Assert.Equal(acknowledged.Count, acknowledged.Select(ack => ack.Revision).Distinct().Count());
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what} under 32 writers: {acknowledged.Count} acknowledged writes, {lost.Length} lost; {changes.Count} revisions, 0 missing, 0 repeated; chain intact; log and tables agree"));
    }
}
