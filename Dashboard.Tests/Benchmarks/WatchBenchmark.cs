using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dashboard.Tests.Support;
using HdrHistogram;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench watch [readers]</c>: 10,000 named readers wait for 200 services, at a console that is a process of its own: in blocking queries, and then at another console on streams of events. One service
/// after the other is changed: how soon those who wait for it have their answer, whether anybody else was woken, and what waiting costs in resident memory beyond the connection.
/// </summary>
internal sealed class WatchBenchmark : IBenchmark
{
    private const int Services = 200;
    private const int Changes = 200;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public string Name => "watch";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var readers = args is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 10_000;
        var blocked = await MeasureAsync("blocking queries", readers, (endpoint, service, name) => new BlockedReader(endpoint, service, name, ConsoleProcess.Token), cancellationToken);
        // The goal is the blocked readers'; what streams do is told beside it.
        await MeasureAsync("streams of events", readers, (endpoint, service, name) => new StreamedReader(endpoint, service, name, ConsoleProcess.Token), cancellationToken);
        return blocked ? 0 : 1;
    }

    private static async Task<bool> MeasureAsync(string how, int readers, Func<IPEndPoint, string, string, WaitingReader> open, CancellationToken cancellationToken)
    {
        await using var console = await ConsoleProcess.StartAsync([], cancellationToken);
        await Parallel.ForAsync(0, Services, cancellationToken, async (i, cancelled) => await RegisterAsync(console, i, 100, cancelled));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answers = 0L;
        var all = new List<WaitingReader>();
        try
        {
            // What the first requests bring with them, compiled code above all, is no reader's.
            await OpenAsync(console, all, 500, "warm", open, ending.Token);
            all.ForEach(warm => warm.Wait(_ => { }, ending.Token));
            await SettleAsync(console, cancellationToken);
            foreach (var warm in all)
                warm.Dispose();
            all.Clear();
            await SettleAsync(console, cancellationToken);
            var (residentBefore, heapBefore) = await MemoryAsync(console, cancellationToken);

            await OpenAsync(console, all, readers, "reader", open, ending.Token);
            await SettleAsync(console, cancellationToken);
            var (residentIdle, heapIdle) = await MemoryAsync(console, cancellationToken);
            all.ForEach(reader => reader.Wait(_ => Interlocked.Increment(ref answers), ending.Token));
            await Eventually.TrueAsync(
                async () => all[0] is StreamedReader ? all.OfType<StreamedReader>().All(reader => reader.HasSnapshot) : await ConnectedAsync(console, cancellationToken) == readers, Patience, () => $"{readers} readers wait", cancellationToken);
            await SettleAsync(console, cancellationToken);
            var (residentAfter, heapAfter) = await MemoryAsync(console, cancellationToken);

            var (latencies, commits, cpu, seconds) = await ChangeAsync(console, all, () => Interlocked.Read(ref answers), cancellationToken);
            var expected = Enumerable.Range(0, Changes).Sum(change => all.Count(reader => reader.Service == NameOf(change % Services)));
            var woken = Interlocked.Read(ref answers);
            // Kestrel's connection costs what it costs; the goal is about what waiting adds.
            var waiting = (residentAfter - residentIdle) / (double)readers;
            Console.WriteLine($"{readers} readers of {Services} services wait in {how}; {Changes} changes woke {woken}, of whom {expected} wait for what was changed");
            Console.WriteLine($"change sent -> reader has its answer: p50 {Ms(latencies, 50)}, p99 {Ms(latencies, 99)}, max {Ms(latencies, 100)}; the change's own answer: p50 {Ms(commits, 50)}, p99 {Ms(commits, 99)}");
            Console.WriteLine($"resident memory of a reader: {waiting:0.0} KB for waiting, {(residentIdle - residentBefore) / (double)readers:0.0} KB for its connection ({residentBefore / 1024} MB -> {residentIdle / 1024} MB -> {residentAfter / 1024} MB)");
            Console.WriteLine($"managed heap of a reader: {(heapAfter - heapIdle) / readers / 1024.0:0.0} KB for waiting, {(heapIdle - heapBefore) / readers / 1024.0:0.0} KB for its connection");
            Console.WriteLine($"the console's CPU over {seconds:0} s of changes: {cpu / seconds:P1} of a core");
            return woken == expected && latencies.GetValueAtPercentile(99) <= 50_000 && waiting <= 10;
        }
        finally
        {
            await ending.CancelAsync();
            foreach (var reader in all)
                reader.Dispose();
        }
    }

    private static string NameOf(int service) => $"s-{service}";

    private static async Task OpenAsync(ConsoleProcess console, List<WaitingReader> all, int count, string name, Func<IPEndPoint, string, string, WaitingReader> open, CancellationToken cancellationToken)
    {
        var endpoint = new IPEndPoint(IPAddress.Loopback, console.Ports.Console);
        for (var i = 0; i < count; i++)
            all.Add(open(endpoint, NameOf(i % Services), $"{name}-{i}"));

        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellationToken }, async (reader, cancelled) => await reader.ConnectAsync(cancelled));
    }

    private static async Task<(LongHistogram Latencies, LongHistogram Commits, double Cpu, double Seconds)> ChangeAsync(ConsoleProcess console, List<WaitingReader> all, Func<long> answers, CancellationToken cancellationToken)
    {
        var latencies = new LongHistogram(1, 60_000_000, 3);
        var commits = new LongHistogram(1, 60_000_000, 3);
        var byService = all.ToLookup(reader => reader.Service, StringComparer.Ordinal);
        var (cpu, start) = (Cpu(console), Stopwatch.StartNew());
        for (var change = 0; change < Changes; change++)
        {
            var waiting = byService[NameOf(change % Services)].ToArray();
            var before = answers();
            var sent = Stopwatch.GetTimestamp();
            await RegisterAsync(console, change % Services, 101 + change, cancellationToken);
            commits.RecordValue(Microseconds(sent, Stopwatch.GetTimestamp()));
            await Eventually.TrueAsync(() => answers() >= before + waiting.Length, Patience, "those who wait have their answer", cancellationToken);
            foreach (var reader in waiting)
                latencies.RecordValue(Microseconds(sent, reader.AnsweredAt));

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }

        return (latencies, commits, Cpu(console) - cpu, start.Elapsed.TotalSeconds);
    }

    private static async Task RegisterAsync(ConsoleProcess console, int service, int weight, CancellationToken cancellationToken)
    {
        if (weight == 100)
        {
            using var made = await console.Client.PutAsJsonAsync($"/api/v1/services/{NameOf(service)}", new { check = new { kind = "none" } }, cancellationToken);
            made.EnsureSuccessStatusCode();
        }

        using var answer = await console.Client.PutAsJsonAsync(
            $"/api/v1/services/{NameOf(service)}/instances/i-1", new { address = "10.0.0.1", port = 8000 + service, weight, zone = "zone-a", node = "n1" }, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<int> ConnectedAsync(ConsoleProcess console, CancellationToken cancellationToken) =>
        (await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/subscribers?kind=http", cancellationToken)).GetProperty("subscribers").EnumerateArray()
            .Count(one => one.GetProperty("id").GetString()!.StartsWith("reader-", StringComparison.Ordinal) && one.GetProperty("acknowledged").GetInt64() > 0);

    // Garbage of the setup is not what a waiting reader costs.
    private static async Task SettleAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        for (var i = 0; i < 3; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
            await console.Client.GetStringAsync("/metrics", cancellationToken);
        }
    }

    private static async Task<(long ResidentKb, double Heap)> MemoryAsync(ConsoleProcess console, CancellationToken cancellationToken)
    {
        var status = await File.ReadAllLinesAsync($"/proc/{console.Id}/status", cancellationToken);
        var resident = long.Parse(status.Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
        var metrics = await console.Client.GetStringAsync("/metrics", cancellationToken);
        var heap = metrics.Split('\n').Where(line => line.StartsWith("dotnet_gc_last_collection_heap_size_bytes{", StringComparison.Ordinal)).Sum(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
        return (resident, heap);
    }

    // Of /proc/PID/stat, behind the name in brackets: user and system time in ticks of 10 ms.
    private static double Cpu(ConsoleProcess console)
    {
        var stat = File.ReadAllText($"/proc/{console.Id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    private static long Microseconds(long from, long to) => Math.Max(1, (long)Stopwatch.GetElapsedTime(from, to).TotalMicroseconds);

    private static string Ms(LongHistogram histogram, double percentile) => $"{histogram.GetValueAtPercentile(percentile) / 1000.0:0.0} ms";
}
