using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Dashboard.Core.Registry;
using Dashboard.Tests.Core.Postgres;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Web.Replicas.ThreeConsoles;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>Operators at different consoles who want different things at once, over HTTP.</summary>
[Collection(ThreeConsolesCollection.Name)]
public sealed class RacesOverHttpTests(ThreeConsoles three, ITestOutputHelper output)
{
    private static readonly object Trusted = new { check = new { kind = "none" } };

    [Fact]
    public async Task What_one_console_accepts_all_tell_in_the_same_order()
    {
        const int rows = 5, changes = 40;
        await three.TogetherAsync();
        for (var row = 0; row < rows; row++)
            await PutAsync(three.All[row % 3], $"order-{row}", Trusted, ("one", new { address = "10.1.0.1", port = 1000 + row }));
        await using var a = new WatchLog(three.All[0]);
        await using var b = new WatchLog(three.All[1]);
        await using var c = new WatchLog(three.All[2]);
        WatchLog[] logs = [a, b, c];

        var accepted = new ConcurrentBag<long>();
        await Task.WhenAll(Enumerable.Range(0, rows).Select(async row =>
        {
            var last = 0L;
            for (var n = 1; n <= changes; n++)
            {
                // Each change of a row is asked of another console than the one before.
                var revision = (await SendAsync(three.All[(row + n) % 3], HttpMethod.Patch, $"/api/v1/services/order-{row}/weights", new { weights = new { one = n }, reason = "order" })).GetProperty("id").GetInt64();
                Assert.True(revision > last, $"revision {revision} after {last}");
                accepted.Add(last = revision);
            }
        }));

        Assert.Equal(rows * changes, accepted.Distinct().Count());
        for (var row = 0; row < rows; row++)
        {
            foreach (var log in logs)
                await three.UntilAsync(() => Task.FromResult(log.Said.Any(said => said.Service == $"order-{row}" && said.Weight == changes)), "each stream tells the last weight");
        }

        foreach (var log in logs)
        {
            Assert.Equal(log.Revisions.Order(), log.Revisions);
            // Weights rise from change to change, so whoever told two of them in another order would show one that falls.
            foreach (var row in log.Said.Where(said => said.Service.StartsWith("order-", StringComparison.Ordinal)).GroupBy(said => said.Service))
                Assert.Equal(row.Select(said => said.Weight % 100).Order(), row.Select(said => said.Weight % 100));
        }

        for (var row = 0; row < rows; row++)
        {
            var said = await Task.WhenAll(three.All.Select(console => console.Client.GetStringAsync(new Uri($"/api/v1/services/order-{row}/endpoints", UriKind.Relative), TestContext.Current.CancellationToken)));
            Assert.Single(said.Distinct());
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{accepted.Count} changes at three consoles in turn, each told by all in order: {string.Join(", ", logs.Select(log => log.Revisions.Count))} events"));
    }

    [Fact]
    public async Task Of_two_operators_on_one_row_one_is_accepted_and_the_other_gets_409_and_nothing_is_overwritten_unseen()
    {
        const int rows = 10, races = 30;
        await three.TogetherAsync();
        for (var row = 0; row < rows; row++)
            await PutAsync(three.All[0], $"race-{row}", Trusted, ("one", new { address = "10.1.0.2", port = 1000 + row }));

        var began = TimeProvider.System.GetTimestamp();
        var won = new int[3];
        await Task.WhenAll(Enumerable.Range(0, rows).Select(async row =>
        {
            var seen = (await ReadAsync(three.All[0], "/api/v1/registry")).GetProperty("revision").GetInt64();
            for (var race = 0; race < races; race++)
            {
                // Both looked at the same revision; each wants something else.
                int[] sides = [(row + race) % 3, (row + race + 1) % 3];
                var answers = await Task.WhenAll(sides.Select((console, side) => AskAsync(
                    three.All[console], HttpMethod.Patch, $"/api/v1/services/race-{row}/weights", new { weights = new { one = 10 + 2 * race + side }, reason = "race", expectedRevision = seen })));
                Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Conflict], answers.Select(answer => answer.Status).Order());
                var winner = answers[0].Status == HttpStatusCode.Accepted ? 0 : 1;
                Interlocked.Increment(ref won[sides[winner]]);
                seen = answers[winner].Document.GetProperty("id").GetInt64();
            }
        }));
        var took = TimeProvider.System.GetElapsedTime(began);

        // Every change began from what the one before it left.
        var changes = await StoredLog.ChangesAsync(three.Database);
        for (var row = 0; row < rows; row++)
        {
            int? weight = null;
            var count = 0;
            foreach (var change in changes.Where(change => change.Action == "service.weights" && change.Target == $"race-{row}").SelectMany(change => change.Changes.OfType<OperatorChange>()))
            {
                Assert.Equal(weight, change.Before?.Weight);
                weight = change.After!.Weight;
                count++;
            }

            Assert.Equal(races, count);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows * races} races on {rows} rows over three consoles in {took.TotalSeconds:0.0} s: {won[0]}, {won[1]} and {won[2]} won, {rows * races} got 409"));
    }

    [Fact]
    public async Task The_last_eligible_instance_is_never_drained_by_two_at_once()
    {
        const int pairs = 60;
        await three.TogetherAsync();
        await Task.WhenAll(Enumerable.Range(0, pairs).Select(pair => PutAsync(
            three.All[pair % 3], $"pair-{pair}", Trusted, ("one", new { address = "10.1.0.3", port = 1000 + pair }), ("two", new { address = "10.1.0.4", port = 1000 + pair }))));
        foreach (var console in three.All)
        {
            for (var pair = 0; pair < pairs; pair++)
                await three.UntilAsync(async () => await ServingAsync(console, $"pair-{pair}") == "one=100 two=100", "both of each pair serve");
        }

        var guarded = 0;
        await Task.WhenAll(Enumerable.Range(0, pairs).Select(async pair =>
        {
            var answers = await Task.WhenAll(
                AskAsync(three.All[pair % 3], HttpMethod.Post, $"/api/v1/services/pair-{pair}/instances/one/drain", new { reason = "race" }),
                AskAsync(three.All[(pair + 1) % 3], HttpMethod.Post, $"/api/v1/services/pair-{pair}/instances/two/drain", new { reason = "race" }));
            Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Conflict], answers.Select(answer => answer.Status).Order());
            var left = answers[0].Status == HttpStatusCode.Accepted ? "two=100" : "one=100";
            foreach (var console in three.All)
                await three.UntilAsync(async () => await ServingAsync(console, $"pair-{pair}") == left, "one of each pair goes on serving");
            Interlocked.Increment(ref guarded);
        }));

        output.WriteLine($"{pairs} pairs drained from two consoles at once: {guarded} guarded with 409, one left serving in each");
    }
}
