using System.Globalization;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Tests.Core.Postgres;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Web.Replicas.ThreeConsoles;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>Who looks at whom, counted where the health checks arrive: while consoles die, come back and stand still.</summary>
[Collection(ThreeConsolesCollection.Name)]
public sealed class ProbeOwnersTests(ThreeConsoles three, ITestOutputHelper output)
{
    private const int Instances = 24;

    [Fact]
    public async Task No_instance_is_probed_by_two_consoles_and_what_a_dead_or_paused_one_held_is_taken_over()
    {
        await three.TogetherAsync();
        await using var backend = await ProbedBackend.StartAsync();
        for (var number = 0; number < Instances; number++)
            await PutAsync(three.All[number % 2], $"probed-{number}", new { check = new { kind = "http", path = $"/probed-{number}", intervalSeconds = 0.5 } }, ("one", new { address = "127.0.0.1", port = backend.Port }));
        await three.UntilAsync(() => Task.FromResult(backend.Probes.GroupBy(probe => probe.Instance).Count(probes => probes.Count() >= 3) == Instances), "all instances are probed");
        var third = three.AdvertisedBy(Third);
        var (epochs, begin) = (await EpochsAsync(), backend.Probes.Count);

        // Dead: whatever it looked at, another does.
        var orphans = OwnedBy(third, backend.Probes);
        Assert.NotEmpty(orphans);
        await three.KillThirdAsync();
        var killed = TimeProvider.System.GetTimestamp();
        await three.UntilAsync(() => Task.FromResult(orphans.All(instance => ProbedSince(killed, instance, backend.Probes, by: probe => probe.Console != third))), "others look at what the dead one did");
        var takenOver = orphans.Max(instance => Seconds(killed, backend.Probes.First(probe => probe.At > killed && probe.Instance == instance && probe.Console != third).At));

        // Two leases is what is promised; the bound leaves a loaded machine many times that.
        Assert.True(takenOver < 20 * LeaseSeconds, $"{takenOver:0.0} s");

        // Back: it gets a share again.
        await three.RestartThirdAsync();
        await three.TogetherAsync();
        await three.UntilAsync(() => Task.FromResult(OwnedBy(third, backend.Probes).Length > 0), "the third looks at some again");

        // Paused for longer than its lease, it goes on with what it believes to be its own.
        var paused = OwnedBy(third, backend.Probes);
        var stopped = TimeProvider.System.GetTimestamp();
        Signals.Pause(three.All[Third].Id);
        try
        {
            await three.UntilAsync(() => Task.FromResult(paused.All(instance => ProbedSince(stopped, instance, backend.Probes, by: probe => probe.Console != third))), "others look at what the paused one did");
        }
        finally
        {
            Signals.Continue(three.All[Third].Id);
        }

        var takenFromPaused = paused.Max(instance => Seconds(stopped, backend.Probes.First(probe => probe.At > stopped && probe.Instance == instance && probe.Console != third).At));
        await three.TogetherAsync();
        var until = backend.Probes.Count;
        await three.UntilAsync(() => Task.FromResult(backend.Probes.Skip(until).GroupBy(probe => probe.Instance).Count(probes => probes.Count() >= 3) == Instances), "all are probed by whoever owns them now");
        var after = await EpochsAsync();

        var counted = backend.Probes.Skip(begin).ToArray();
        var (handovers, late) = (0, 0);
        foreach (var probes in counted.GroupBy(probe => probe.Instance))
        {
            var owners = probes.Zip(probes.Skip(1)).Count(pair => pair.First.Console != pair.Second.Console);
            var shard = HealthShard.Of(new InstanceKey(probes.Key, "one"));
            var changesOfOwner = after[shard] - epochs[shard];
            handovers += owners;
            // Each new owner is a new epoch. A check that was on its way when its console was stopped arrives after the next owner's first: there and back again, once for each time that it changed hands.
            late += (int)Math.Max(0, owners - changesOfOwner);
            Assert.True(owners <= changesOfOwner * 3, $"{probes.Key} changed hands {changesOfOwner} times, but was looked at in turn by {string.Join(' ', probes.Select(probe => probe.Console))}");
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{counted.Length} probes of {Instances} instances, {handovers} handovers, {late} probes beside another owner's; with a lease of {LeaseSeconds} s a dead console's {orphans.Length} were probed by others after {takenOver:0.0} s, a paused one's {paused.Length} after {takenFromPaused:0.0} s"));
    }

    private static double Seconds(long from, long to) => TimeProvider.System.GetElapsedTime(from, to).TotalSeconds;

    private static string[] OwnedBy(string console, IEnumerable<Probe> probes) =>
        [.. probes.GroupBy(probe => probe.Instance).Where(same => same.Last().Console == console).Select(same => same.Key)];

    private static bool ProbedSince(long since, string instance, IEnumerable<Probe> probes, Func<Probe, bool> by) =>
        probes.Any(probe => probe.At > since && probe.Instance == instance && by(probe));

    private async Task<long[]> EpochsAsync() => (long[])(await RegistryStore.QueryAsync(three.Database, "select array_agg(epoch order by shard) from health_lease"))!;
}
