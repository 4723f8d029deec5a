using System.Globalization;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Web.Replicas.ThreeConsoles;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>Who looks at whom, counted where the health checks arrive: while consoles die, come back and stand still (for longer: <c>bench replica-pause</c>).</summary>
[Collection(ThreeConsolesCollection.Name)]
public sealed class ProbeOwnersTests(ThreeConsoles three, ITestOutputHelper output)
{
    private const int Instances = 24;

    // Two leases is what is promised; the bound leaves a loaded machine many times that.
    private const double Bound = 20 * LeaseSeconds;

    [Fact]
    public async Task No_instance_is_probed_by_two_consoles_and_what_a_dead_or_paused_one_held_is_taken_over()
    {
        await three.TogetherAsync();
        await using var backend = await ProbedBackend.StartAsync();
        await backend.RegisterAsync(three, Instances);
        var third = three.AdvertisedBy(Third);
        var (epochs, begin) = (await three.EpochsAsync(), backend.Probes.Count);

        // Dead: whatever it looked at, another does.
        var orphans = backend.OwnedBy(third);
        Assert.NotEmpty(orphans);
        await three.KillThirdAsync();
        var takenOver = await TakenOverAsync(backend, orphans, TimeProvider.System.GetTimestamp());

        // Back: it gets a share again.
        await three.RestartThirdAsync();
        await three.TogetherAsync();
        await three.UntilAsync(() => Task.FromResult(backend.OwnedBy(third).Length > 0), "the third looks at some again");

        // Paused for longer than its lease, it goes on with what it believes to be its own.
        var paused = backend.OwnedBy(third);
        double takenFromPaused;
        Signals.Pause(three.All[Third].Id);
        try
        {
            takenFromPaused = await TakenOverAsync(backend, paused, TimeProvider.System.GetTimestamp());
        }
        finally
        {
            Signals.Continue(three.All[Third].Id);
        }

        await three.TogetherAsync();
        await backend.AllProbedAsync(three, Instances);

        var (count, beside) = backend.Beside(begin, epochs, await three.EpochsAsync());
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{count} probes of {Instances} instances, {beside} beside another owner's; with a lease of {LeaseSeconds} s a dead console's {orphans.Length} were probed by others after {takenOver:0.0} s, a paused one's {paused.Length} after {takenFromPaused:0.0} s"));
        Assert.True(Math.Max(takenOver, takenFromPaused) < Bound);
    }

    private async Task<double> TakenOverAsync(ProbedBackend backend, string[] instances, long since)
    {
        var last = double.PositiveInfinity;
        await three.UntilAsync(() => Task.FromResult(double.IsFinite(last = instances.Max(instance => backend.FirstOther(instance, three.AdvertisedBy(Third), since)))), "others look at what the third did");
        return last;
    }
}
