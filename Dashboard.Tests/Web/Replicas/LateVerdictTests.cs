using System.Collections.Concurrent;
using System.Globalization;
using Dashboard.Tests.Core.Postgres;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Web.Replicas.ThreeConsoles;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>A console is stopped in the middle of its health checks, past its lease: what it asked is answered meanwhile, and what it makes of that comes too late.</summary>
[Collection(ThreeConsolesCollection.Name)]
public sealed class LateVerdictTests(ThreeConsoles three, ITestOutputHelper output)
{
    private const int Instances = 24;

    [Fact]
    public async Task What_a_paused_console_saw_is_neither_written_nor_told_once_others_have_taken_over()
    {
        await three.TogetherAsync();
        var third = three.AdvertisedBy(Third);
        var isHolding = false;
        var held = new ConcurrentDictionary<string, int>();
        var ill = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var backend = await ProbedBackend.StartAsync("late", async probe =>
        {
            if (!Volatile.Read(ref isHolding) || probe.Console != third || ill.Task.IsCompleted)
                return 200;
            held[probe.Instance] = 1;
            await ill.Task;
            return 503;
        });
        try
        {
            await backend.RegisterAsync(three, Instances, fall: 1);
            foreach (var console in three.All)
                await three.UntilAsync(async () => await ServingCountAsync(console) == Instances, "all serve");
            Assert.Equal(0L, await VerdictsAsync());

            // Each check of the third waits for its answer when it is stopped.
            Volatile.Write(ref isHolding, true);
            await three.UntilAsync(() => Task.FromResult(!held.IsEmpty && backend.OwnedBy(third).All(held.ContainsKey)), "the third waits for each of its answers");
            var orphans = held.Keys.ToArray();
            var id = (await ReadAsync(three.All[Third], "/api/v1/replicas")).GetProperty("replicas").EnumerateArray().Single(replica => replica.GetProperty("self").GetBoolean()).GetProperty("id").GetGuid();
            var stopped = TimeProvider.System.GetTimestamp();
            Signals.Pause(three.All[Third].Id);
            try
            {
                // That all of its instances are ill lies in its sockets, while the others look and find them well.
                ill.SetResult();
                await three.UntilAsync(async () => await CountAsync($"select count(*) from health_lease where owner = '{id}'") == 0, "others hold all that the third held");
                await three.UntilAsync(() => Task.FromResult(orphans.All(instance => double.IsFinite(backend.FirstOther(instance, third, stopped)))), "others look at what the third did");
            }
            finally
            {
                Signals.Continue(three.All[Third].Id);
            }

            await three.TogetherAsync();
            await backend.AllProbedAsync(three, Instances);
            foreach (var console in three.All)
                Assert.Equal(Instances, await ServingCountAsync(console));
            Assert.Equal(0L, await VerdictsAsync());
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{orphans.Length} late verdicts of {Instances} instances were neither written nor told"));
        }
        finally
        {
            ill.TrySetResult();
            for (var number = 0; number < Instances; number++)
                (await three.All[0].Client.DeleteAsync(new Uri($"/api/v1/services/late-{number}/instances/one", UriKind.Relative), TestContext.Current.CancellationToken)).Dispose();
        }
    }

    // Nobody was ill at any time.
    private Task<long> VerdictsAsync() => CountAsync("select count(*) from change where action = 'instance.health' and target like 'late-%' and after::text like '%nhealthy%'");

    private async Task<long> CountAsync(string sql) => (long)(await RegistryStore.QueryAsync(three.Database, sql))!;

    private static async Task<int> ServingCountAsync(ConsoleProcess console)
    {
        var serving = 0;
        for (var number = 0; number < Instances; number++)
            serving += (await ReadAsync(console, $"/api/v1/services/late-{number}/endpoints")).GetProperty("endpoints").GetArrayLength();
        return serving;
    }
}
