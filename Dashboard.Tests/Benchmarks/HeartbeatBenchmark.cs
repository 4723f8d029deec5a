using System.Diagnostics;
using System.Globalization;
using Dashboard.Core.Health;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench heartbeat [seconds]</c>: 50,000 ttl instances that renew every 10 s, 5,000 a second, through the real journal into Postgres: commits a second and what they cost; then the rows a second
/// of the journal's statement beside those of one batched UPDATE of 5,000 rows, in turns. Goals: one statement a second, at least 0.5x the rows a second.
/// </summary>
internal sealed class HeartbeatBenchmark : IBenchmark
{
    private const int Instances = 50_000;
    private const int EachSecond = 5_000;
    private const int Rounds = 30;
    private const double Goal = 0.5;

    public string Name => "heartbeat";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20;
        await using var postgres = await BenchmarkConsole.StartAsync(cancellationToken);
        // The console is only there for its schema: what is measured runs in this process.
        await postgres.StopAsync();
        var options = new PostgresRegistryOptions { ConnectionString = postgres.ConnectionString };
        await using var registry = new PostgresRegistry(options, TimeProvider.System, NullLogger<PostgresRegistry>.Instance);
        await registry.StartAsync(cancellationToken);
        await RegisterAsync(registry, cancellationToken);
        await using var store = new PostgresHeartbeatStore(options);
        var statements = await RenewAsync(registry, store, postgres, seconds, cancellationToken);
        var ratio = await CompareAsync(store, postgres.ConnectionString, cancellationToken);
        // One more than the seconds: where the ticks fall is chance.
        return ratio >= Goal && statements <= 1 + 1.0 / seconds ? 0 : 1;
    }

    private static InstanceKey Key(int i) => new($"s-{i / 500}", $"instance-{i:D5}");

    private static async Task RegisterAsync(PostgresRegistry registry, CancellationToken cancellationToken)
    {
        var self = new Actor("bench", ActorKind.Service);
        for (var s = 0; s < Instances / 500; s++)
            await registry.ExecuteAsync(new PutService($"s-{s}", ServiceSettings.Default with { Check = new() { Kind = CheckKind.Ttl } }), self, cancellationToken);
        for (var from = 0; from < Instances; from += EachSecond)
        {
            await Task.WhenAll(Enumerable.Range(from, EachSecond).Select(i => registry.ExecuteAsync(
                new RegisterInstance(Key(i), new() { Address = $"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", Port = 8080, Ttl = TimeSpan.FromSeconds(30) }), self, cancellationToken).AsTask()));
        }
    }

    private static async Task<double> RenewAsync(PostgresRegistry registry, PostgresHeartbeatStore store, BenchmarkConsole postgres, int seconds, CancellationToken cancellationToken)
    {
        var heartbeats = new Heartbeats(registry, TimeProvider.System);
        using var journal = new HeartbeatJournal(heartbeats, new(), registry, store, TimeProvider.System, NullLogger<HeartbeatJournal>.Instance);
        await journal.StartAsync(cancellationToken);
        // The first ten seconds fill the table.
        await RenewForAsync(heartbeats, 10, cancellationToken);
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString);
        var sizeBefore = await AskAsync(source, "select pg_total_relation_size('heartbeat')", cancellationToken);
        var (statements, recorded, cpu, start) = (journal.Statements, journal.Recorded, Figures.CpuSeconds(postgres.PostgresId), Stopwatch.StartNew());
        await RenewForAsync(heartbeats, seconds, cancellationToken);
        var passed = start.Elapsed.TotalSeconds;
        var (perSecond, rows) = ((journal.Statements - statements) / passed, (journal.Recorded - recorded) / passed);
        var busy = (Figures.CpuSeconds(postgres.PostgresId) - cpu) / passed;
        await journal.StopAsync(cancellationToken);
        var sizeAfter = await AskAsync(source, "select pg_total_relation_size('heartbeat')", cancellationToken);
        Figures.Print($"{Instances} ttl instances every 10 s: {perSecond:0.00} statements/s, {rows:0} heartbeats/s written, Postgres {busy:P1} of a core, table {sizeBefore / 1048576.0:0.0} MB -> {sizeAfter / 1048576.0:0.0} MB, load {Figures.Load}");
        return perSecond;
    }

    private static async Task RenewForAsync(Heartbeats heartbeats, int seconds, CancellationToken cancellationToken)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var start = Stopwatch.StartNew();
        for (var sent = 0L; start.Elapsed.TotalSeconds < seconds;)
        {
            for (var due = (long)(start.Elapsed.TotalSeconds * EachSecond); sent < due; sent++)
                heartbeats.Beat(Key((int)(sent % Instances)), CheckOutcome.Passing, null);
            await tick.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static async Task<double> CompareAsync(PostgresHeartbeatStore store, string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 4, AutoPrepareMinUsages = 2 });
        await store.RecordAsync([.. Enumerable.Range(0, Instances).Select(i => (Key(i), TimeSpan.Zero))], cancellationToken);
        await using (var create = source.CreateCommand(
            """
            create table bench_seen (service text, instance text, seen timestamptz, primary key (service, instance));
            insert into bench_seen select service, instance, seen from heartbeat
            """))
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }

        var (ours, bare) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            var keys = Enumerable.Range(0, EachSecond).Select(i => Key((round * EachSecond + i) % Instances)).ToArray();
            var start = Stopwatch.GetTimestamp();
            await store.RecordAsync([.. keys.Select(key => (key, TimeSpan.Zero))], cancellationToken);
            ours.Add(EachSecond / Stopwatch.GetElapsedTime(start).TotalSeconds);
            start = Stopwatch.GetTimestamp();
            await using var update = source.CreateCommand("update bench_seen b set seen = now() from unnest($1, $2) as t (s, i) where b.service = t.s and b.instance = t.i");
            update.Parameters.Add(new() { Value = keys.Select(key => key.Service).ToArray() });
            update.Parameters.Add(new() { Value = keys.Select(key => key.Id).ToArray() });
            if (await update.ExecuteNonQueryAsync(cancellationToken) != EachSecond)
                throw new InvalidOperationException("The UPDATE missed rows.");
            bare.Add(EachSecond / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        var ratio = Figures.Median(ours.Zip(bare, (a, b) => a / b));
        Figures.Print($"{EachSecond} rows at once: {Figures.Median(ours):0} heartbeats/s, {ratio:0.00}x of one batched UPDATE's {Figures.Median(bare):0} rows/s (goal {Goal:0.0}x)");
        return ratio;
    }

    private static async Task<long> AskAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
