using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dashboard.Core.Postgres.Embedded;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Web;

/// <summary>Postgres is stopped and started under the running program and its demo mesh.</summary>
[Collection(WaitingPrograms.Name)]
public sealed class PostgresAwayTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PostgresStopped_ReadsAndTrafficGoOn_WritesAnswer503_AndWorkSoonAfterItsReturn()
    {
        var directory = Directory.CreateTempSubdirectory("dashboard-away-").FullName;
        await using var postgres = await EmbeddedPostgres.StartAsync(
            new() { Directory = directory, PackageDirectories = PostgresPackages.Directories, Durable = false }, TimeProvider.System, NullLogger.Instance, Cancelled);
        await using var console = await ConsoleProcess.StartAsync(["--demo", $"--ConnectionStrings:Registry={postgres.ConnectionString}"], Cancelled);
        await Eventually.TrueAsync(async () => await RatesAsync(console) >= 8, TimeSpan.FromSeconds(60), () => $"the demo's traffic flows; the console said:\n{console.Output}", Cancelled);

        using var stopWriting = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var acknowledged = new List<string>();
        var writing = WriteAsync(console, acknowledged, stopWriting.Token);
        await Eventually.TrueAsync(() => acknowledged.Count > 50, TimeSpan.FromSeconds(60), "registrations are acknowledged", Cancelled);

        await postgres.HaltAsync(Cancelled);
        await Eventually.TrueAsync(async () => (await RegisterAsync(console, "ledger-refused", 60_000)).StatusCode == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(60), () => "a write answers 503", Cancelled);
        using (var refused = await RegisterAsync(console, "ledger-refused", 60_000))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
        }

        using (var endpoints = await console.Client.GetAsync("/api/v1/services/ledger/endpoints", Cancelled))
        {
            Assert.Equal(HttpStatusCode.OK, endpoints.StatusCode);
            Assert.True(endpoints.Headers.Contains("X-Registry-Stale-Since"), endpoints.Headers.ToString());
        }

        var topology = await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/topology", Cancelled);
        Assert.True(topology.TryGetProperty("staleSince", out var since) && since.ValueKind == JsonValueKind.String, topology.ToString());
        await Eventually.TrueAsync(async () => await RatesAsync(console) >= 8, TimeSpan.FromSeconds(60), () => "traffic still flows and is still seen", Cancelled);
        Assert.Equal(HttpStatusCode.OK, await ThroughGatewayAsync(console, "storefront"));

        await postgres.ResumeAsync(Cancelled);
        var back = Stopwatch.GetTimestamp();
        await Eventually.TrueAsync(async () => (await RegisterAsync(console, "ledger-after", 60_001)).IsSuccessStatusCode, TimeSpan.FromSeconds(60), () => "a write works again", Cancelled);
        var took = Stopwatch.GetElapsedTime(back);
        await stopWriting.CancelAsync();
        await writing;
        TestContext.Current.TestOutputHelper?.WriteLine("writes worked {0:0.00} s after Postgres' return; {1} writes were acknowledged", took.TotalSeconds, acknowledged.Count);

        var ledger = await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/services/ledger", Cancelled);
        var stored = ledger.GetProperty("instances").EnumerateArray().Select(instance => instance.GetProperty("id").GetString()!).ToHashSet();
        Assert.All(acknowledged, id => Assert.Contains(id, stored));
    }

    private static async Task WriteAsync(ConsoleProcess console, List<string> acknowledged, CancellationToken cancellationToken)
    {
        try
        {
            for (var i = 0; i < 20_000; i++)
            {
                using var answer = await RegisterAsync(console, $"ledger-{i}", 1 + i, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    acknowledged.Add($"ledger-{i}");
                }

                // Refusals come at once: without a pause they would take the processor.
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The test has seen enough.
        }
    }

    private static Task<HttpResponseMessage> RegisterAsync(ConsoleProcess console, string id, int port, CancellationToken? cancellationToken = null) =>
        console.Client.PutAsJsonAsync($"/api/v1/services/ledger/instances/{id}", new { address = "127.0.0.2", port }, cancellationToken ?? Cancelled);

    private static async Task<int> RatesAsync(ConsoleProcess console)
    {
        var topology = await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/topology", Cancelled);
        return topology.GetProperty("nodes").EnumerateArray().Count(node => node.GetProperty("rps").GetDouble() > 0);
    }

    private static async Task<HttpStatusCode> ThroughGatewayAsync(ConsoleProcess console, string service)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, console.GatewayUrl) { Headers = { Host = $"{service}.localhost" } };
        using var answer = await client.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }
}
