using System.Diagnostics;
using System.Globalization;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.History;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench history [minutes]</c>: 1,000 services, 10,000 instances and 5,000 edges, all busy: what a minute's roll-ups cost (rows, bytes, CPU of console and Postgres), and how long a topology of the past
/// takes to open, by the second and by the minute, with 2,000 changes to take back.
/// </summary>
internal sealed class HistoryBenchmark : IBenchmark
{
    private const int Opens = 100;
    private const int Changes = 2_000;
    private static readonly Actor Self = new("bench", ActorKind.Service);

    public string Name => "history";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var minutes = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 4;
        await using var postgres = await BenchmarkConsole.StartAsync(cancellationToken);
        await postgres.StopAsync();
        var options = new PostgresRegistryOptions { ConnectionString = postgres.ConnectionString };
        await using var registry = new PostgresRegistry(options, TimeProvider.System, NullLogger<PostgresRegistry>.Instance);
        await registry.StartAsync(cancellationToken);
        await using var store = new PostgresHistoryStore(options);
        var mesh = new LargeMesh(1000, 10, 5000);
        await FillAsync(registry, mesh, cancellationToken);

        // The registry is filled by the system's clock, and so is the log that is looked back into.
        var begin = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 60 * 60 + 60);
        var time = new FakeTimeProvider(begin);
        var traffic = new TrafficStore(time);
        var recorder = new HistoryRecorder(registry, traffic, new HealthShare(time, Ownership.Everything), store, time, NullLogger<HistoryRecorder>.Instance);
        for (var second = 0; second < minutes * 60 + 30; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            traffic.Accept(mesh.NextReport());
        }

        var (instances, edges) = traffic.SeriesCount;
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString);
        using var self = Process.GetCurrentProcess();
        var (console, database, start) = (self.TotalProcessorTime, Figures.CpuSeconds(postgres.PostgresId), Stopwatch.StartNew());
        var rows = await recorder.RecordAsync(cancellationToken);
        var passed = start.Elapsed;
        self.Refresh();
        var written = rows / 1000;
        var bytes = await AskAsync(source, "select sum(pg_total_relation_size(c.oid))::bigint from pg_class c where c.relname like 'traffic_minute_%' and c.relkind = 'r'", cancellationToken);
        Figures.Print($"{mesh.Services.Length} services, {instances} busy instances, {edges} busy edges: {rows / written} rows and {bytes / written / 1024.0:0} KB a minute ({bytes / written * 1440.0 * 30 / (1 << 30):0.0} GB in 30 days); a minute costs the console {(self.TotalProcessorTime - console).TotalMilliseconds / written:0} ms and Postgres {(Figures.CpuSeconds(postgres.PostgresId) - database) * 1000 / written:0} ms of CPU, {passed.TotalMilliseconds / written:0} ms in all, load {Figures.Load}");

        var before = TimeProvider.System.GetUtcNow();
        await Task.WhenAll(Enumerable.Range(0, Changes).Select(turn => registry.ExecuteAsync(
            new RecordHealth(mesh.Services[turn % 1000], [new(new(mesh.Services[turn % 1000], mesh.InstanceOf(mesh.Services[turn % 1000], 0)), new(turn < 1000 ? HealthStatus.Degraded : HealthStatus.Healthy, TimeProvider.System.GetUtcNow(), "seen", 1))]),
            Self, cancellationToken).AsTask()));
        // Moments after the filling and before the changes: the traffic's clock is ahead of the log's, and each moment is opened for the first time.
        await OpenAsync("by the second", new(registry, traffic, store, time), begin.AddSeconds(60), cancellationToken);
        var empty = new TrafficStore(time);
        await OpenAsync("by the minute", new(registry, empty, store, time), begin.AddSeconds(1), cancellationToken);
        await OpenAsync("with the changes taken back", new(registry, empty, new AsOf(store, before), time), begin.AddSeconds(2), cancellationToken);
        return 0;
    }

    private static async Task OpenAsync(string what, MeshHistory history, DateTimeOffset from, CancellationToken cancellationToken)
    {
        var took = new List<double>();
        for (var open = 0; open < Opens; open++)
        {
            var start = Stopwatch.GetTimestamp();
            var past = (await history.AtAsync(from.AddSeconds(open), cancellationToken)).Mesh ?? throw new InvalidOperationException("There is no mesh at this moment.");
            var graph = TopologyGraph.Derive(past.Registry, past.Traffic, past.At);
            took.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (graph.Nodes.Count != 1000)
                throw new InvalidOperationException($"{graph.Nodes.Count} services at {past.At:u}.");
        }

        Figures.Print($"opening a topology of the past {what}: p50 {Figures.Median(took):0} ms, p99 {Figures.Percentile(took, 99):0} ms, load {Figures.Load}");
    }

    private static async Task FillAsync(PostgresRegistry registry, LargeMesh mesh, CancellationToken cancellationToken)
    {
        await Task.WhenAll(mesh.Services.Select(service => registry.ExecuteAsync(new PutService(service, ServiceSettings.Default with { Check = new() { Kind = CheckKind.None } }), Self, cancellationToken).AsTask()));
        for (var index = 0; index < mesh.InstancesEach; index++)
        {
            await Task.WhenAll(mesh.Services.Select((service, number) => registry.ExecuteAsync(
                new RegisterInstance(new(service, mesh.InstanceOf(service, index)), mesh.RegistrationOf(number, index)), Self, cancellationToken).AsTask()));
        }
    }

    private static async Task<long> AskAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The same past, whose registry is always asked for as of one moment.</summary>
    private sealed class AsOf(IHistoryStore inner, DateTimeOffset moment) : IHistoryStore
    {
        public Task WriteAsync(DateTimeOffset minute, IReadOnlyList<ServiceMinute> services, CancellationToken cancellationToken) => inner.WriteAsync(minute, services, cancellationToken);

        public Task<IReadOnlyList<ServiceMinute>> ReadMinuteAsync(DateTimeOffset minute, IReadOnlyCollection<string> services, CancellationToken cancellationToken) => inner.ReadMinuteAsync(minute, services, cancellationToken);

        public Task<IReadOnlyList<ServiceMinute>> ReadServiceAsync(string service, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => inner.ReadServiceAsync(service, from, to, cancellationToken);

        public Task<HistorySpan> SpanAsync(CancellationToken cancellationToken) => inner.SpanAsync(cancellationToken);

        public Task<ChangesSince> ChangesSinceAsync(DateTimeOffset at, int most, CancellationToken cancellationToken) => inner.ChangesSinceAsync(moment, most, cancellationToken);

        public Task<System.Collections.Immutable.ImmutableArray<RegistryChange>> ChangesAsync(string? service, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken) =>
            inner.ChangesAsync(service, from, to, limit, cancellationToken);

        public Task<System.Collections.Immutable.ImmutableArray<RegistryChange>> UnaskedAsync(DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken) =>
            inner.UnaskedAsync(from, to, limit, cancellationToken);
    }
}
