using System.Globalization;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Replicas;
using static Dashboard.Tests.Web.Replicas.ThreeConsoles;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// One of three consoles stands still (SIGSTOP) for as many seconds as are given (default 60) while the others take writes. Goals: its health checks are taken over, nobody probes an instance beside its owner, and
/// 5 s after it goes on it has every change, in order.
/// </summary>
internal sealed class ReplicaPauseBenchmark : IBenchmark
{
    private const int Instances = 24;
    private const int Writers = 8;

    private static readonly TimeSpan Goal = TimeSpan.FromSeconds(5);

    public string Name => "replica-pause";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromSeconds(args is [var text, ..] ? double.Parse(text, CultureInfo.InvariantCulture) : 60);
        await using var postgres = new PostgresServer();
        await using var three = new ThreeConsoles(postgres);
        await three.InitializeAsync();
        await three.TogetherAsync();
        await using var probes = await ProbedBackend.StartAsync();
        await probes.RegisterAsync(three, Instances);
        await using var told = new WatchLog(three.All[Third]);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writers = Enumerable.Range(0, Writers).Select(writer => WriteAsync(three.All[writer % 2], writer, stop.Token)).ToArray();

        var (epochs, begin, owned) = (await three.EpochsAsync(), probes.Probes.Count, probes.OwnedBy(three.AdvertisedBy(Third)));
        var before = await RevisionAsync(three.All[0]);
        var paused = TimeProvider.System.GetTimestamp();
        Signals.Pause(three.All[Third].Id);
        try
        {
            await Task.Delay(pause, TimeProvider.System, cancellationToken);
        }
        finally
        {
            Signals.Continue(three.All[Third].Id);
        }

        var continued = TimeProvider.System.GetTimestamp();
        var missed = await RevisionAsync(three.All[0]);
        await three.UntilAsync(async () => await RevisionAsync(three.All[Third]) >= missed, "the third has what was written meanwhile");
        var caughtUp = TimeProvider.System.GetElapsedTime(continued);
        await stop.CancelAsync();
        var written = (await Task.WhenAll(writers)).Sum();
        await three.TogetherAsync();
        var last = await RevisionAsync(three.All[0]);
        await three.UntilAsync(() => Task.FromResult(told.Revisions.LastOrDefault() >= last), "the third's followers are told the last change");

        var takenOver = owned.Max(instance => probes.FirstOther(instance, three.AdvertisedBy(Third), paused));
        var (count, late) = probes.Beside(begin, epochs, await three.EpochsAsync());
        var inOrder = told.Revisions.SequenceEqual(told.Revisions.Order());
        var same = true;
        for (var writer = 0; writer < Writers; writer++)
            same &= (await Task.WhenAll(three.All.Select(console => ServingAsync(console, $"pause-{writer}")))).Distinct().Count() == 1;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"one of three consoles stood still for {pause.TotalSeconds:0} s under {Writers} writers: {missed - before} revisions meanwhile ({written} writes acknowledged in all), {caughtUp.TotalSeconds:0.00} s after it went on it had them (goal {Goal.TotalSeconds:0} s), {(inOrder ? "in order" : "OUT OF ORDER")}, {(same ? "all three serve the same" : "THE THREE DIFFER")}; its {owned.Length} instances were probed by others after {takenOver:0.0} s (lease {LeaseSeconds:0} s); {late} of {count} probes beside an owner's"));
        return caughtUp <= Goal && inOrder && same && late == 0 ? 0 : 1;
    }

    private static async Task<int> WriteAsync(ConsoleProcess console, int writer, CancellationToken cancellationToken)
    {
        await PutAsync(console, $"pause-{writer}", new { check = new { kind = "none" } }, ("one", new { address = "10.1.0.6", port = 1000 }));
        var written = 0;
        for (var n = 0; !cancellationToken.IsCancellationRequested; n++, written++)
            await PutAsync(console, $"pause-{writer}", null, ("one", new { address = "10.1.0.6", port = 1000, weight = 1 + n % 10000 }));
        return written;
    }

    private static async Task<long> RevisionAsync(ConsoleProcess console) => (await ReadAsync(console, "/api/v1/registry")).GetProperty("revision").GetInt64();
}
