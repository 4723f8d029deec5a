using System.Globalization;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench memory [instances]</c>: resident memory of the whole console (pages, gateway, DNS and all) and of a Consul server after the same registrations, over HTTP, of 10,000 instances
/// of 200 services, 20 s after the last. Goal: at most Consul's.
/// </summary>
internal sealed class MemoryBenchmark : IBenchmark
{
    private const int Services = 200;

    // Both give memory back some time after they used it.
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(20);

    public string Name => "memory";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var instances = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10_000;
        if (ConsulAgent.Missing is { } missing)
        {
            await Console.Error.WriteLineAsync(missing);
            return 2;
        }

        var folder = Directory.CreateTempSubdirectory("dashboard-bench-memory-").FullName;
        try
        {
            await using var own = await BenchmarkConsole.StartAsync(cancellationToken);
            await using var consul = await ConsulAgent.StartAsync(folder, cancellationToken);
            using var consulClient = new HttpClient { BaseAddress = consul.Url };
            var (ownEmpty, consulEmpty) = (Figures.ResidentMegabytes(own.Process.Id), Figures.ResidentMegabytes(consul.ProcessId));
            await own.PutServicesAsync(Enumerable.Range(0, Services).Select(i => $"s-{i}"), cancellationToken);
            await CatalogLoad.AllAsync(instances, i => CatalogLoad.RegisterAsync(own.Client, $"s-{i % Services}", i, "b1", cancellationToken), cancellationToken);
            await CatalogLoad.AllAsync(instances, i => CatalogLoad.RegisterInConsulAsync(consulClient, $"s-{i % Services}", i, "b1", cancellationToken), cancellationToken);
            await Task.Delay(Settle, TimeProvider.System, cancellationToken);
            var (ours, theirs) = (Figures.ResidentMegabytes(own.Process.Id), Figures.ResidentMegabytes(consul.ProcessId));
            await own.StopAsync();
            await own.StartAgainAsync(cancellationToken);
            await Task.Delay(Settle, TimeProvider.System, cancellationToken);
            Figures.Print($"empty: this {ownEmpty:0} MB, Consul {consulEmpty:0} MB; started anew with all of them: this {Figures.ResidentMegabytes(own.Process.Id):0} MB; load {Figures.Load}");
            Figures.Print($"resident with {instances} instances: {ours:0} MB, {ours / theirs:0.00}x Consul's {theirs:0} MB (goal at most 1.0x)");
            return ours <= theirs ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
