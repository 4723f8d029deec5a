using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench propagate [writes]</c>: from the sending of a write to its arrival at 100 clients that wait for the service to change, beside Consul's blocking queries with the same clients; and
/// at one client, beside a bare commit with NOTIFY and its listener on the same Postgres. Goals: p99 at most a third of Consul's; p50 of one at most 3x the bare one's.
/// While one is measured the others are stopped: Consul while this or Postgres is, console and Postgres while Consul is, the console too while Postgres is.
/// </summary>
internal sealed class PropagateBenchmark : IBenchmark
{
    private const int Watchers = 100;
    private const int Instances = 10;
    private const double ConsulGoal = 1.0 / 3;
    private const double NotifyGoal = 3;

    // Long enough for every watcher to be waiting again.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public string Name => "propagate";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var writes = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 400;
        if (ConsulAgent.Missing is { } missing)
        {
            await Console.Error.WriteLineAsync(missing);
            return 2;
        }

        var folder = Directory.CreateTempSubdirectory("dashboard-bench-propagate-").FullName;
        try
        {
            await using var own = await BenchmarkConsole.StartAsync(cancellationToken);
            await using var consul = await ConsulAgent.StartAsync(folder, cancellationToken);
            using var consulClient = new HttpClient { BaseAddress = consul.Url };
            await own.PutServicesAsync(["orders"], cancellationToken);
            for (var i = 0; i < Instances; i++)
            {
                await CatalogLoad.RegisterAsync(own.Client, "orders", i, "b0", cancellationToken);
                await CatalogLoad.RegisterInConsulAsync(consulClient, "orders", i, "b0", cancellationToken);
            }

            var ours = new Subject(own.Client, "/api/v1/services/orders/endpoints", "X-Registry-Index", build => CatalogLoad.RegisterAsync(own.Client, "orders", 0, build, cancellationToken));
            var theirs = new Subject(consulClient, "/v1/health/service/orders?passing", "X-Consul-Index", build => CatalogLoad.RegisterInConsulAsync(consulClient, "orders", 0, build, cancellationToken));
            // What comes first is compiled at its first use.
            await MeasureAsync(ours, Watchers, 20, cancellationToken);
            await MeasureAsync(theirs, Watchers, 20, cancellationToken);
            var (many, foreign, one, bare) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round < 4; round++)
            {
                using (await PausedPeers.StopAsync(cancellationToken, consul.ProcessId))
                    many.AddRange(await MeasureAsync(ours, Watchers, writes / 4, cancellationToken));
                using (await PausedPeers.StopAsync(cancellationToken, own.Process.Id, own.PostgresId))
                    foreign.AddRange(await MeasureAsync(theirs, Watchers, writes / 4, cancellationToken));
                using (await PausedPeers.StopAsync(cancellationToken, consul.ProcessId))
                    one.AddRange(await MeasureAsync(ours, 1, writes / 4, cancellationToken));
                using (await PausedPeers.StopAsync(cancellationToken, own.Process.Id, consul.ProcessId))
                    bare.AddRange(await NotifyAsync(own.ConnectionString, writes / 4, cancellationToken));
            }

            Print($"{Watchers} watchers", many);
            Print($"Consul, {Watchers} watchers", foreign);
            Print("one watcher", one);
            Print("commit + NOTIFY -> listener", bare);
            var consulRatio = Figures.Percentile(many, 99) / Figures.Percentile(foreign, 99);
            var notifyRatio = Figures.Percentile(one, 50) / Figures.Percentile(bare, 50);
            Figures.Print($"p99 of {Watchers} watchers {consulRatio:0.00}x Consul's (goal at most {ConsulGoal:0.00}x), p50 of one watcher {notifyRatio:0.00}x of commit + NOTIFY (goal at most {NotifyGoal:0.0}x), load {Figures.Load}");
            return consulRatio <= ConsulGoal && notifyRatio <= NotifyGoal ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Print(string name, List<double> latencies) =>
        Figures.Print($"{name,-28} p50 {Figures.Percentile(latencies, 50):0.00} ms, p99 {Figures.Percentile(latencies, 99):0.00} ms ({latencies.Count} deliveries)");

    /// <summary>Milliseconds from each write's sending to each watcher's answer that has it.</summary>
    private static async Task<List<double>> MeasureAsync(Subject subject, int watchers, int writes, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var arrivals = new ConcurrentQueue<long>();
        using var arrived = new SemaphoreSlim(0);
        using var waiting = new SemaphoreSlim(0);
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = watchers + 1, UseProxy = false, ActivityHeadersPropagator = null };
        using var client = new HttpClient(handler) { BaseAddress = subject.Client.BaseAddress, Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.Authorization = subject.Client.DefaultRequestHeaders.Authorization;
        var watching = Enumerable.Range(0, watchers).Select(_ => WatchAsync(client, subject, waiting, arrivals, arrived, stop.Token)).ToArray();
        for (var i = 0; i < watchers; i++)
            await waiting.WaitAsync(cancellationToken);

        var latencies = new List<double>();
        for (var write = 0; write < writes; write++)
        {
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            var sent = Stopwatch.GetTimestamp();
            await subject.Write($"b{Guid.NewGuid():N}");
            for (var i = 0; i < watchers; i++)
            {
                if (!await arrived.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken))
                    throw new TimeoutException($"Only {i} of {watchers} watchers were told of write {write}.");
            }

            while (arrivals.TryDequeue(out var at))
                latencies.Add(Stopwatch.GetElapsedTime(sent, at).TotalMilliseconds);
        }

        await stop.CancelAsync();
        await Task.WhenAll(watching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return latencies;
    }

    private static async Task WatchAsync(HttpClient client, Subject subject, SemaphoreSlim waiting, ConcurrentQueue<long> arrivals, SemaphoreSlim arrived, CancellationToken cancellationToken)
    {
        var path = subject.Path + (subject.Path.Contains('?', StringComparison.Ordinal) ? "&" : "?");
        using var first = await client.GetAsync(new Uri(subject.Path, UriKind.Relative), cancellationToken);
        var index = first.Headers.GetValues(subject.IndexHeader).Single();
        waiting.Release();
        while (true)
        {
            using var answer = await client.GetAsync(new Uri($"{path}index={index}&wait=60s", UriKind.Relative), cancellationToken);
            var next = answer.Headers.GetValues(subject.IndexHeader).Single();
            // A spurious wake-up is no delivery.
            if (next == index)
                continue;
            arrivals.Enqueue(Stopwatch.GetTimestamp());
            arrived.Release();
            index = next;
        }
    }

    private static async Task<List<double>> NotifyAsync(string connectionString, int writes, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var listener = await source.OpenConnectionAsync(cancellationToken);
        await using var writer = await source.OpenConnectionAsync(cancellationToken);
        await using (var prepare = new NpgsqlCommand("create table if not exists bench_notify (id int primary key, n int); insert into bench_notify values (1, 0) on conflict do nothing", writer))
            await prepare.ExecuteNonQueryAsync(cancellationToken);
        await using (var listen = new NpgsqlCommand("listen bench_notify", listener))
            await listen.ExecuteNonQueryAsync(cancellationToken);
        var latencies = new List<double>();
        for (var write = -10; write < writes; write++)
        {
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            var heard = listener.WaitAsync(cancellationToken);
            await using var batch = new NpgsqlBatch(writer)
            {
                BatchCommands = { new("begin"), new("update bench_notify set n = n + 1 where id = 1"), new("select pg_notify('bench_notify', '1')"), new("commit") },
            };
            var sent = Stopwatch.GetTimestamp();
            var writing = batch.ExecuteNonQueryAsync(cancellationToken);
            await heard;
            var at = Stopwatch.GetTimestamp();
            await writing;
            if (write >= 0)
                latencies.Add(Stopwatch.GetElapsedTime(sent, at).TotalMilliseconds);
        }

        return latencies;
    }

    /// <param name="Path">What watchers ask for.</param>
    /// <param name="IndexHeader">Where the answer says what it knows.</param>
    /// <param name="Write">Changes the service.</param>
    private sealed record Subject(HttpClient Client, string Path, string IndexHeader, Func<string, Task> Write);
}
