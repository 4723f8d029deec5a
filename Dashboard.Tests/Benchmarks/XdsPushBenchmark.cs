using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Dashboard.Core.Discovery.Xds;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Tests.Wire.Xds;
using Grpc.Net.Client;
using Npgsql;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench xds-push [streams] [seconds]</c>: from a change of a weight to the assignment at the client. One stream in this process, from the command, in turns with a bare commit with NOTIFY to a listener: p50 at
/// most 3x; once more with commits that wait for the disk, as a console's do. Then a console of its own, from the HTTP request: 1,000 streams, each a connection of its own with 50 of 1,000 services, at 10 changes a second: p99 at most 50 ms, below 20 % of a core for the console. At last the same where all follow the same 50.
/// </summary>
internal sealed class XdsPushBenchmark : IBenchmark
{
    private const int Services = 1000;
    private const int Instances = 5;
    private const int Followed = 50;
    private const int Samples = 4000;
    private const int Warm = 2000;
    private const double RatioGoal = 3;
    private const double LatencyGoalMs = 50;
    private const double CpuGoal = 0.2;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    public string Name => "xds-push";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var streams = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1000;
        var seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 20;
        var postgres = new PostgresServer();
        try
        {
            // A process as young as this one runs code that is measured for its compiler, at up to twice the time: several thousand changes later it is as a console that has run for a minute.
            await OneStreamAsync(await postgres.CreateDatabaseAsync(), await postgres.CreateDatabaseAsync(), "just started", cancellationToken);
            await OneDurableStreamAsync(cancellationToken);
            var met = await OneStreamAsync(await postgres.CreateDatabaseAsync(), await postgres.CreateDatabaseAsync(), "no commit waits for the disk", cancellationToken);
            if (streams == 0)
                return met ? 0 : 1;

            var registry = await postgres.CreateDatabaseAsync();
            var xds = FreePort.Tcp();
            await using var console = await ConsoleProcess.StartAsync([$"--ConnectionStrings:Registry={registry}", $"--Xds:Url=http://127.0.0.1:{xds}"], cancellationToken);
            await RegisterAsync(console, cancellationToken);
            met &= await ManyAsync(console, xds, streams, seconds, "spread over all", stream => Enumerable.Range(0, Followed).Select(i => (stream * 7 + i * (Services / Followed)) % Services), judged: true, cancellationToken);
            await ManyAsync(console, xds, streams, seconds, "all the same", _ => Enumerable.Range(0, Followed), judged: false, cancellationToken);
            return met ? 0 : 1;
        }
        finally
        {
            await postgres.DisposeAsync();
        }
    }

    private static string Service(int i) => $"svc-{i:D4}";

    private static async Task RegisterAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        await Parallel.ForAsync(0, Services, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellationToken }, async (i, cancelled) =>
        {
            await PutAsync(console, $"/api/v1/services/{Service(i)}", new { check = new { kind = "none" } }, cancelled);
            for (var j = 0; j < Instances; j++)
                await PutAsync(console, $"/api/v1/services/{Service(i)}/instances/i-{j}", new { address = $"10.{i / 250}.{i % 250}.{j + 1}", port = 8080, zone = "zone-a" }, cancelled);
        });
    }

    // As a console runs: what the disk takes, both sides wait for.
    private static async Task OneDurableStreamAsync(CancellationToken cancellationToken)
    {
        await using var durable = await PostgresServer.StartPrivateAsync(durable: true);
        await using (var connection = new NpgsqlConnection(durable.ConnectionString))
        {
            await connection.OpenAsync(cancellationToken);
            await ExecuteAsync(connection, "create database bare", cancellationToken);
        }

        await OneStreamAsync(durable.ConnectionString, new NpgsqlConnectionStringBuilder(durable.ConnectionString) { Database = "bare" }.ConnectionString, "durable commits", cancellationToken);
    }

    private static async Task<bool> OneStreamAsync(string registry, string bare, string how, CancellationToken cancellationToken)
    {
        await using var server = await XdsServer.StartAsync(services => services.AddPostgresRegistry(options => options.ConnectionString = registry));
        var actor = new Actor("bench", ActorKind.Operator);
        await server.Registry.ExecuteAsync(new PutService("one", ServiceSettings.Default with { Check = new() { Kind = CheckKind.None } }), actor, cancellationToken);
        for (var j = 0; j < Instances; j++)
            await server.Registry.ExecuteAsync(new RegisterInstance(new("one", $"i-{j}"), new() { Address = $"10.9.9.{j + 1}", Port = 8080, Zone = "zone-a" }), actor, cancellationToken);

        using var channel = server.Connect();
        await using var client = new AdsClient(channel, "bench");
        await client.SubscribeAsync(XdsType.Endpoints, "one");
        await client.TakeAsync(cancellationToken);
        await using var listener = new NpgsqlConnection(bare);
        await listener.OpenAsync(cancellationToken);
        await ExecuteAsync(listener, "create table bench (id int primary key, n bigint); insert into bench values (1, 0); listen bench", cancellationToken);
        await using var writer = new NpgsqlConnection(bare);
        await writer.OpenAsync(cancellationToken);
        var (raw, pushed, answered) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < Samples; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var committing = ExecuteAsync(writer, "begin; update bench set n = n + 1 where id = 1; notify bench; commit", cancellationToken);
            await listener.WaitAsync(cancellationToken);
            raw.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await committing;

            start = Stopwatch.GetTimestamp();
            var changing = server.Registry.ExecuteAsync(new SetWeights("one", ImmutableSortedDictionary<string, int?>.Empty.Add("i-0", 1 + i)) { Reason = "benchmark" }, actor, cancellationToken).AsTask();
            var answer = changing.ContinueWith(_ => Stopwatch.GetElapsedTime(start).TotalMilliseconds, cancellationToken, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            var response = await client.ReadAsync(cancellationToken);
            pushed.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await client.AckAsync(response);
            await changing;
            answered.Add(await answer);
        }

        var (ours, theirs) = (Quantile(pushed.Skip(Warm), 0.5), Quantile(raw.Skip(Warm), 0.5));
        Print($"one stream, {how}: p50 {ours:0.00} ms, p99 {Quantile(pushed.Skip(Warm), 0.99):0.00} ms, of which until the change is committed and answered {Quantile(answered.Skip(Warm), 0.5):0.00} ms; bare commit + NOTIFY p50 {theirs:0.00} ms, p99 {Quantile(raw.Skip(Warm), 0.99):0.00} ms: {ours / theirs:0.00}x (goal at most {RatioGoal}x)");
        return ours <= RatioGoal * theirs;
    }

    private static async Task<bool> ManyAsync(
        ConsoleProcess console, int port, int streams, int seconds, string what, Func<int, IEnumerable<int>> follows, bool judged, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changedAt = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        var latencies = new ConcurrentQueue<double>();
        var channels = new List<GrpcChannel>();
        var clients = new List<AdsClient>();
        var reading = new List<Task>();
        var bytes = 0L;
        var weight = 0;
        try
        {
            for (var i = 0; i < streams; i++)
            {
                channels.Add(GrpcChannel.ForAddress($"http://127.0.0.1:{port}"));
                clients.Add(new AdsClient(channels[^1], $"bench-{i}"));
                await clients[^1].SubscribeAsync(XdsType.Endpoints, [.. follows(i).Select(Service)]);
                await clients[^1].TakeAsync(cancellationToken);
            }

            reading.AddRange(clients.Select(ReadAsync));
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
            using var process = Process.GetProcessById(console.Id);
            var changes = 0;
            // Code that runs for the first time is compiled first.
            await CpuAsync(process, TimeSpan.FromSeconds(seconds), ChangeAsync, cancellationToken);
            latencies.Clear();
            (changes, bytes) = (0, 0);
            var idle = await CpuAsync(process, TimeSpan.FromSeconds(5), () => Task.CompletedTask, cancellationToken);
            var busy = await CpuAsync(process, TimeSpan.FromSeconds(seconds), ChangeAsync, cancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
            var p99 = Quantile(latencies, 0.99);
            Print(string.Create(CultureInfo.InvariantCulture, $"{streams} streams of {Followed} services, {what}: {changes} changes to {latencies.Count} clients, p50 {Quantile(latencies, 0.5):0.0} ms, p99 {p99:0.0} ms, {bytes / Math.Max(1, latencies.Count)} bytes each;")
                + string.Create(CultureInfo.InvariantCulture, $" console {100 * busy:0.0} % of a core, {100 * idle:0.0} % without changes") + (judged ? $" (goals: p99 {LatencyGoalMs} ms, {100 * CpuGoal} %)" : ""));
            return p99 <= LatencyGoalMs && busy <= CpuGoal;

            async Task ChangeAsync()
            {
                // Among the services that somebody follows.
                var service = follows(changes).ElementAt(changes % Followed);
                changedAt[Service(service)] = Stopwatch.GetTimestamp();
                await WeighAsync(console, service, 1 + (++weight % 9000), cancellationToken);
                changes++;
            }
        }
        finally
        {
            await ending.CancelAsync();
            foreach (var client in clients)
                await client.DisposeAsync();

            await Task.WhenAll(reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var channel in channels)
                channel.Dispose();
        }

        async Task ReadAsync(AdsClient client)
        {
            while (!ending.IsCancellationRequested)
            {
                var response = await client.NextAsync(ending.Token);
                foreach (var resource in response.Resources)
                {
                    if (changedAt.TryGetValue(resource.Name, out var at))
                        latencies.Enqueue(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                }

                Interlocked.Add(ref bytes, response.CalculateSize());
                await client.AckAsync(response);
            }
        }
    }

    // How much of a core the process used while the changes went on at their pace.
    private static async Task<double> CpuAsync(Process process, TimeSpan time, Func<Task> change, CancellationToken cancellationToken)
    {
        process.Refresh();
        var (before, start) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        using var timer = new PeriodicTimer(Between);
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            await change();
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        process.Refresh();
        return (process.TotalProcessorTime - before) / Stopwatch.GetElapsedTime(start);
    }

    private static async Task WeighAsync(ConsoleProcess console, int service, int weight, CancellationToken cancellationToken)
    {
        using var answer = await console.Client.PatchAsJsonAsync(
            new Uri($"/api/v1/services/{Service(service)}/weights", UriKind.Relative), new { weights = new Dictionary<string, int> { ["i-0"] = weight }, reason = "benchmark" }, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task PutAsync(ConsoleProcess console, string path, object body, CancellationToken cancellationToken)
    {
        using var answer = await console.Client.PutAsJsonAsync(new Uri(path, UriKind.Relative), body, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static double Quantile(IEnumerable<double> values, double quantile)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * quantile))];
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static void Print(string line) => Console.WriteLine(line);
}
