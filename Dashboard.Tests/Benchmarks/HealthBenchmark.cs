using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using HdrHistogram;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Benchmarks;

/// <summary><c>bench health [instances] [fake]</c>: what it costs to probe 10,000 instances every 2 s over TCP on loopback (or, fake, without sockets), and how late probes are.</summary>
internal sealed class HealthBenchmark : IBenchmark
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(20);

    public string Name => "health";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var instances = args is [var count, ..] ? int.Parse(count, System.Globalization.CultureInfo.InvariantCulture) : 10_000;
        var fake = args.Contains("fake");
        var lateness = new LongHistogram(1, TimeSpan.FromMinutes(1).Ticks / 10, 3);
        var probes = 0L;
        using var meter = Listen(lateness, () => Interlocked.Increment(ref probes));
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start(backlog: 4096);
        _ = AcceptAsync(listener, cancellationToken);

        var registry = new InMemoryRegistry(TimeProvider.System);
        using var metrics = new HealthMetrics();
        IProbe probe = fake ? new NoProbe() : new TcpProbe(TimeProvider.System);
        using var monitor = new HealthMonitor(registry, [probe], new(registry, TimeProvider.System), new(), new(), metrics, TimeProvider.System, NullLogger<HealthMonitor>.Instance);
        await monitor.StartAsync(cancellationToken);
        var self = new Actor("bench", ActorKind.Service);
        for (var i = 0; i < instances; i++)
        {
            // One listener for all: 127.x.y.z are all this host.
            var address = $"127.{1 + (i >> 16)}.{i >> 8 & 255}.{i & 255}";
            registry.Execute(new RegisterInstance(new($"s-{i / 50}", $"i-{i % 50}"), new() { Address = address, Port = ((IPEndPoint)listener.LocalEndpoint).Port }), self);
        }

        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, cancellationToken);
        lateness.Reset();
        Interlocked.Exchange(ref probes, 0);
        var (cpu, allocated, start) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), Stopwatch.StartNew());
        await Task.Delay(Span, TimeProvider.System, cancellationToken);
        var seconds = start.Elapsed.TotalSeconds;
        cpu = Environment.CpuUsage.TotalTime - cpu;
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        await monitor.StopAsync(cancellationToken);

        var eligible = registry.Current.Services.Values.Sum(service => service.EligibleCount);
        Console.WriteLine($"{instances} instances, {eligible} eligible, {Interlocked.Read(ref probes) / seconds:0} probes/s ({(fake ? "no sockets" : "TCP on loopback, both ends in this process")})");
        Console.WriteLine($"cpu {cpu.TotalSeconds / seconds:P1} of a core, {cpu.TotalMicroseconds / Interlocked.Read(ref probes):0.0} us and {allocated / Interlocked.Read(ref probes)} B allocated per probe");
        Console.WriteLine($"lateness p50 {Ms(50)} p99 {Ms(99)} max {Ms(100)}");
        return eligible == instances ? 0 : 1;

        string Ms(double percentile)
        {
            lock (lateness)
            {
                return $"{lateness.GetValueAtPercentile(percentile) / 1000.0:0.00} ms";
            }
        }
    }

    private static MeterListener Listen(LongHistogram lateness, Action probed)
    {
        var meter = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == HealthMetrics.MeterName)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        meter.SetMeasurementEventCallback<double>((_, value, _, _) =>
        {
            lock (lateness)
            {
                lateness.RecordValue(Math.Max(1, (long)(value * 1e6)));
            }

            probed();
        });
        meter.Start();
        return meter;
    }

    private static async Task AcceptAsync(TcpListener listener, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                (await listener.AcceptSocketAsync(cancellationToken)).Dispose();
            }
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The benchmark is over.
        }
    }

    private sealed class NoProbe : IProbe
    {
        private static readonly Task<ProbeResult> Passing = Task.FromResult(new ProbeResult(CheckOutcome.Passing, "connected", TimeSpan.Zero));

        public CheckKind Kind => CheckKind.Tcp;

        public Task<ProbeResult> ProbeAsync(ProbeTarget target, CancellationToken cancellationToken) => Passing;
    }
}
