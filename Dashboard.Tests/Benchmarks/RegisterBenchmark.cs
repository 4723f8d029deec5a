using System.Globalization;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Npgsql;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench register [rounds]</c>: durable registrations a second over HTTP, 64 connections, 5,000 instances of 100 services, each one a change with its row in the log; beside Consul's
/// catalog under the same load, and beside one-row upserts by pgbench over 32 connections to the same Postgres. Goals: at least 3x Consul, at least 1.2x pgbench.
/// While one is measured the others are stopped, so that what they do of their own accord costs it nothing: Consul while this is, console and Postgres while Consul is, console and Consul while pgbench is.
/// </summary>
internal sealed partial class RegisterBenchmark : IBenchmark
{
    private const int Services = 100;
    private const int Instances = 5_000;
    private const int Connections = 64;
    private const int Seconds = 5;
    private const double ConsulGoal = 3;
    private const double UpsertGoal = 1.2;

    public string Name => "register";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        var only = args.Length > 1 ? args[1] : null;
        if ((Wrk.Missing ?? ConsulAgent.Missing ?? (Pgbench is null ? "pgbench is neither on PATH nor in /usr/lib/postgresql; install it with: apt-get install postgresql-contrib" : null)) is { } missing)
        {
            await Console.Error.WriteLineAsync(missing);
            return 2;
        }

        var folder = Directory.CreateTempSubdirectory("dashboard-bench-register-").FullName;
        try
        {
            await using var own = await BenchmarkConsole.StartAsync(cancellationToken);
            await using var consul = await ConsulAgent.StartAsync(Path.Combine(folder, "consul"), cancellationToken);
            await own.PutServicesAsync(Enumerable.Range(0, Services).Select(i => $"s-{i}"), cancellationToken);
            var scripts = WriteScripts(folder);
            await PrepareUpsertsAsync(own.ConnectionString, cancellationToken);
            var (ours, theirs, upserts) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round <= rounds; round++)
            {
                if (only == "own")
                {
                    using var paused = await PausedPeers.StopAsync(cancellationToken, consul.ProcessId);
                    var (console, postgres) = (Figures.CpuSeconds(own.Process.Id), Figures.CpuSeconds(own.PostgresId));
                    var alone = await Wrk.RunAsync(own.Process.Url, Connections, Seconds, scripts.Own, cancellationToken, BenchmarkConsole.Authorization);
                    Figures.Print($"{alone.Rate:0}/s p50 {alone.P50Ms:0.0} p99 {alone.P99Ms:0.0} ms, errors {alone.Errors}, cpu each: console {Each(console, own.Process.Id, alone):0} us, postgres {Each(postgres, own.PostgresId, alone):0} us, load {Figures.Load}, pid {own.Process.Id}");
                    continue;
                }

                WrkResult consulRun, ownRun;
                double upsert;
                using (await PausedPeers.StopAsync(cancellationToken, own.Process.Id, own.PostgresId))
                    consulRun = await Wrk.RunAsync(consul.Url, Connections, Seconds, scripts.Consul, cancellationToken);
                using (await PausedPeers.StopAsync(cancellationToken, consul.ProcessId))
                    ownRun = await Wrk.RunAsync(own.Process.Url, Connections, Seconds, scripts.Own, cancellationToken, BenchmarkConsole.Authorization);
                using (await PausedPeers.StopAsync(cancellationToken, own.Process.Id, consul.ProcessId))
                    upsert = await RunPgbenchAsync(own, scripts.Upsert, cancellationToken);
                if (ownRun.Errors + consulRun.Errors > 0)
                    throw new InvalidOperationException($"Not every registration was taken: {ownRun.Errors} refused here, {consulRun.Errors} by Consul.\n{own.Process.Output}");
                // The first round warms all of them up.
                if (round == 0)
                    continue;
                ours.Add(ownRun.Rate);
                theirs.Add(consulRun.Rate);
                upserts.Add(upsert);
                Figures.Print($"round {round}: this {ownRun.Rate,7:0}/s p50 {ownRun.P50Ms:0.0} p99 {ownRun.P99Ms:0.0} ms | Consul {consulRun.Rate,7:0}/s p50 {consulRun.P50Ms:0.0} p99 {consulRun.P99Ms:0.0} ms | pgbench {upsert,7:0}/s | load {Figures.Load}");
            }

            if (ours.Count == 0)
                return 0;
            var consulRatio = Figures.Median(ours.Zip(theirs, (own, other) => own / other));
            var upsertRatio = Figures.Median(ours.Zip(upserts, (own, other) => own / other));
            Figures.Print($"registrations: {Figures.Median(ours):0}/s, {consulRatio:0.00}x Consul's {Figures.Median(theirs):0}/s (goal {ConsulGoal:0.0}x), {upsertRatio:0.00}x pgbench's {Figures.Median(upserts):0}/s (goal {UpsertGoal:0.0}x)");
            await CheckAsync(own.ConnectionString, cancellationToken);
            return consulRatio >= ConsulGoal && upsertRatio >= UpsertGoal ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Each(double before, int process, WrkResult run) => (Figures.CpuSeconds(process) - before) * 1e6 / (run.Rate * Seconds);

    private static string? Pgbench => Peer.Find("pgbench")
        ?? (Directory.Exists("/usr/lib/postgresql") ? Directory.GetFiles("/usr/lib/postgresql", "pgbench", SearchOption.AllDirectories).FirstOrDefault() : null);

    // Both register the same instances, and say something new each time, so that each registration is a change.
    private static (string Own, string Consul, string Upsert) WriteScripts(string folder)
    {
        var counter = $$"""
            local n = os.time() % 10000 * 1000000
            wrk.method = "PUT"
            wrk.headers["Content-Type"] = "application/json"
            function request()
              n = n + 1
              local i = n % {{Instances}}
              local s = i % {{Services}}
              local address = "10." .. math.floor(i / 65536) .. "." .. math.floor(i / 256) % 256 .. "." .. i % 256

            """;
        var own = Path.Combine(folder, "own.lua");
        File.WriteAllText(own, counter + """
              return wrk.format(nil, "/api/v1/services/s-" .. s .. "/instances/i-" .. i, nil,
                '{"address":"' .. address .. '","port":8080,"zone":"zone-a","node":"node-' .. i % 200 .. '","version":"v1","metadata":{"build":"b' .. n .. '"}}')
            end
            """);
        var consul = Path.Combine(folder, "consul.lua");
        File.WriteAllText(consul, counter + """
              return wrk.format(nil, "/v1/catalog/register", nil,
                '{"Node":"node-' .. i % 200 .. '","Address":"10.9.0.' .. i % 200 .. '","Service":{"ID":"i-' .. i .. '","Service":"s-' .. s .. '","Address":"' .. address .. '","Port":8080,"Meta":{"zone":"zone-a","version":"v1","build":"b' .. n .. '"}}}')
            end
            """);
        var upsert = Path.Combine(folder, "upsert.sql");
        File.WriteAllText(upsert, $"""
            \set i random(1, {Instances})
            insert into bench_upsert (service, id, address, port, zone, node, version, revision)
            values ('s-' || :i % {Services}, 'i-' || :i, '10.0.0.' || :i % 256, 8080, 'zone-a', 'node-' || :i % 200, 'v1', 1)
            on conflict (service, id) do update set address = excluded.address, port = excluded.port, zone = excluded.zone, node = excluded.node, version = excluded.version, revision = bench_upsert.revision + 1;
            """);
        return (own, consul, upsert);
    }

    private static async Task PrepareUpsertsAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(
            "create table bench_upsert (service text, id text, address text, port integer, zone text, node text, version text, revision bigint, primary key (service, id))");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<double> RunPgbenchAsync(BenchmarkConsole own, string script, CancellationToken cancellationToken)
    {
        var output = await ChildProcess.RunAsync(
            Pgbench!, ["--no-vacuum", "--protocol=prepared", "--client=32", "--jobs=1", $"--time={Seconds}", $"--file={script}", own.LibpqConnection()], cancellationToken);
        return double.Parse(Transactions().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    // A benchmark of a registry that lost or merged changes would measure nothing.
    private static async Task CheckAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("select (select revision from head), (select count(*) from change), (select count(*) from instance)");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        Figures.Print($"head {reader.GetInt64(0)}, {reader.GetInt64(1)} change rows, {reader.GetInt64(2)} instances");
    }

    [GeneratedRegex(@"tps = ([0-9.]+) \(without initial")]
    private static partial Regex Transactions();
}
