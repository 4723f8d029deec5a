using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench start [instances]</c>: from the start of the process to <c>/health/ready</c> with a registry of so many instances in Postgres, each with health, metadata and node. Goals: 10,000
/// instances in 2 s, 100,000 in 10 s.
/// </summary>
internal sealed class StartBenchmark : IBenchmark
{
    private const int Rounds = 3;

    private static readonly (int Instances, double Goal)[] Goals = [(0, double.PositiveInfinity), (10_000, 2), (100_000, 10)];

    public string Name => "start";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var goals = args is [var given] ? [(int.Parse(given, CultureInfo.InvariantCulture), double.PositiveInfinity)] : Goals;
        await using var own = await BenchmarkConsole.StartAsync(cancellationToken);
        var met = true;
        foreach (var (instances, goal) in goals)
        {
            await FillAsync(own.ConnectionString, instances, cancellationToken);
            var times = new List<double>();
            for (var round = 0; round < Rounds; round++)
            {
                await own.StopAsync();
                var start = Stopwatch.GetTimestamp();
                await own.StartAgainAsync(cancellationToken);
                times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            var median = Figures.Median(times);
            met &= median <= goal;
            Figures.Print($"{instances,7} instances: ready after {median:0.00} s ({string.Join(", ", times.Select(time => time.ToString("0.00", CultureInfo.InvariantCulture)))}){(double.IsFinite(goal) ? string.Create(CultureInfo.InvariantCulture, $", goal {goal:0} s") : "")}, {Figures.ResidentMegabytes(own.Process.Id):0} MB resident, load {Figures.Load}");
        }

        return met ? 0 : 1;
    }

    // 50 instances to a service, as the console's own rows look.
    private static async Task FillAsync(string connectionString, int instances, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(
            $$$"""
            delete from instance where service like 's-%';
            delete from service where name like 's-%';
            insert into service (name, settings, created_revision, revision)
            select 's-' || s, '{"check":{"kind":"None"}}', 1, 1 from generate_series(0, {{{Math.Max(0, instances / 50 - 1)}}}) as s;
            insert into instance (service, id, address, port, weight, zone, node, version, metadata, created_revision, registered_at, health)
            select 's-' || i / 50, 'i-' || i, format('10.%s.%s.%s', i / 65536, i / 256 % 256, i % 256), 8080, 100, 'zone-' || i % 3, 'node-' || i % 1000, 'v1',
              '{"build":"b1","team":"orders"}', 1, now(), '{"status":"Healthy","since":"2026-01-01T00:00:00+00:00","output":"connected","consecutive":2}'
            from generate_series(0, {{{instances - 1}}}) as i;
            """);
        command.CommandTimeout = 300;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
