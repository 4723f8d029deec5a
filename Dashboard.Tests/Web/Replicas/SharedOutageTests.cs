using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>Two real consoles lose their Postgres, and half a service with it.</summary>
[Collection(WaitingPrograms.Name)]
public sealed class SharedOutageTests
{
    private const int Instances = 16;
    private const int Dying = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task What_either_console_sees_while_Postgres_is_away_both_tell_and_its_return_changes_nothing()
    {
        await using var postgres = await PostgresServer.StartPrivateAsync();
        string[] arguments = [$"--ConnectionStrings:Registry={postgres.ConnectionString}", "--Replica:LeaseSeconds=6"];
        var starting = new[] { ConsoleProcess.StartAsync(arguments, Cancelled), ConsoleProcess.StartAsync(arguments, Cancelled) };
        await using var a = await starting[0];
        await using var b = await starting[1];
        var listeners = Enumerable.Range(0, Instances).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners)
            listener.Start();
        try
        {
            await RunAsync(postgres, a, b, listeners);
        }
        finally
        {
            foreach (var listener in listeners)
                listener.Dispose();
        }
    }

    private static async Task RunAsync(PrivatePostgresServer postgres, ConsoleProcess a, ConsoleProcess b, TcpListener[] listeners)
    {
        ConsoleProcess[] both = [a, b];
        using (var put = await a.Client.PutAsJsonAsync("/api/v1/services/orders", new { check = new { kind = "tcp", intervalSeconds = 0.5, timeoutSeconds = 3 } }, Cancelled))
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Cancelled));
        for (var number = 0; number < Instances; number++)
        {
            using var put = await both[number % 2].Client.PutAsJsonAsync(
                $"/api/v1/services/orders/instances/orders-{number}", new { address = "127.0.0.1", port = ((IPEndPoint)listeners[number].LocalEndpoint).Port }, Cancelled);
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Cancelled));
        }

        await UntilAsync(async () => await SharesAsync(a) is [32, 32], "each checks half", both);
        foreach (var console in both)
            await UntilAsync(async () => await ServingAsync(console) == Instances, "all serve", both);
        var revision = (long)(await QueryAsync(postgres.ConnectionString, "select revision from head"))!;

        await postgres.StopAsync();
        foreach (var console in both)
            await UntilAsync(async () => await IsStaleAsync(console), "the outage is noticed", both);
        foreach (var listener in listeners[..Dying])
            listener.Stop();
        var died = Stopwatch.GetTimestamp();
        foreach (var console in both)
            await UntilAsync(async () => await ServingAsync(console) == Instances - Dying, "the dead do not serve", both);
        TestContext.Current.TestOutputHelper?.WriteLine("without Postgres {0} of {1} dead instances left both consoles' serving sets after {2:0.0} s", Dying, Instances, Stopwatch.GetElapsedTime(died).TotalSeconds);

        await postgres.StartAsync();
        foreach (var console in both)
        {
            await UntilAsync(
                async () =>
                {
                    // Whatever the order in which the two come back: nobody is told that the dead live, or that the living died.
                    Assert.Equal(Instances - Dying, await ServingAsync(a));
                    Assert.Equal(Instances - Dying, await ServingAsync(b));
                    return !await IsStaleAsync(console);
                },
                "Postgres is back", both);
        }

        await UntilAsync(
            async () =>
            {
                Assert.Equal(Instances - Dying, await ServingAsync(a));
                Assert.Equal(Instances - Dying, await ServingAsync(b));
                return (long)(await QueryAsync(postgres.ConnectionString, "select count(*) from instance where health::text like '%nhealthy%'"))! == Dying;
            },
            "what was seen is durable", both);
        // Written by the consoles that saw it, and nothing else was: nobody took over what another went on looking at.
        Assert.Equal(0L, await QueryAsync(
            postgres.ConnectionString,
            $"select count(*) from change where action = 'instance.health' and revision > {revision} and reason is distinct from 'observed while Postgres was away'"));
        await UntilAsync(async () => (await SharesAsync(a)).Sum() == 64 && (await SharesAsync(b)).Length == 2, "both are there again", both);
    }

    private static async Task<int> ServingAsync(ConsoleProcess console) =>
        (await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/services/orders/endpoints", Cancelled)).GetProperty("endpoints").GetArrayLength();

    private static async Task<bool> IsStaleAsync(ConsoleProcess console)
    {
        using var answer = await console.Client.GetAsync("/api/v1/services/orders/endpoints", Cancelled);
        return answer.Headers.Contains("X-Registry-Stale-Since");
    }

    private static async Task<int[]> SharesAsync(ConsoleProcess console) =>
        [.. (await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/replicas", Cancelled)).GetProperty("replicas").EnumerateArray().Select(replica => replica.GetProperty("shares").GetInt32())];

    private static Task UntilAsync(Func<Task<bool>> condition, string what, ConsoleProcess[] consoles) =>
        Eventually.TrueAsync(condition, Patience, () => $"{what}; the consoles said:\n{string.Join("\n---\n", consoles.Select(console => console.Output))}", Cancelled);
}
