using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web;

/// <summary>A gateway in a process of its own, its console killed and brought back under load.</summary>
[Collection(PressingPrograms.Name)]
public sealed class GatewayProcessTests(PostgresServer postgres)
{
    private const string Id = "gateway-a1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ConsoleKilledUnderLoad_NoClientNotices_AndTheGatewayRestartsWithoutIt()
    {
        string[] settings = [$"--ConnectionStrings:Registry={await postgres.CreateDatabaseAsync()}"];
        var ports = ConsolePorts.Free();
        var gatewayPorts = ConsolePorts.Free();
        var directory = Directory.CreateTempSubdirectory("dashboard-gateway-").FullName;
        // The first of the list never answers: the second is the one that is followed.
        string[] gatewaySettings = ["--role=gateway", $"--Console:Url=http://127.0.0.1:{FreePort.Tcp()},http://127.0.0.1:{ports.Console}", $"--Console:Token={ConsoleProcess.Token}", $"--Gateway:Id={Id}"];
        var console = await ConsoleProcess.StartAsync(settings, Cancelled, ports: ports);
        try
        {
            await using (var gateway = await ConsoleProcess.StartAsync(gatewaySettings, Cancelled, directory, gatewayPorts))
            {
                await using var rig = new LoadRig(console.Client, gateway.GatewayUrl);
                await rig.RegisterAsync(4, "{}", Cancelled);
                rig.StartLoad(16);
                await Eventually.TrueAsync(() => rig.Requests > 200, Patience, "requests flow", Cancelled);
                await FollowsAsync(console);
                await KeptAsync(gateway);

                await console.KillAsync(Cancelled);
                var killed = rig.Requests;
                await HealthAsync(gateway, "stale", "console");
                // Nobody tells it any more: it finds out by itself.
                await rig.Backends[0].KillAsync();
                await Eventually.TrueAsync(async () => await MetricAsync(gateway, "mesh_gateway_ejected_instances") == 1, Patience, () => "the gateway leaves the dead instance out", Cancelled);
                await Eventually.TrueAsync(() => rig.Requests > killed + 500, Patience, "requests flow without the console", Cancelled);
                Assert.Equal(0, await MetricAsync(gateway, "mesh_gateway_console_connected"));
                var unreported = rig.Requests - killed;

                var start = Stopwatch.GetTimestamp();
                await console.DisposeAsync();
                console = await ConsoleProcess.StartAsync(settings, Cancelled, ports: ports);
                var up = Stopwatch.GetElapsedTime(start);
                await HealthAsync(gateway, "ready", "console");
                var back = Stopwatch.GetElapsedTime(start) - up;
                await FollowsAsync(console);
                // What went through the gateway while there was no console is in the new one's books: its counters began with it.
                await Eventually.TrueAsync(async () => await CountedAsync(console) >= unreported, Patience, () => "the console has the traffic of the time without it", Cancelled);
                Assert.Equal(0, await MetricAsync(gateway, "mesh_gateway_reports_lost_total"));
                await rig.StopLoadAsync();
                Print($"{rig.Requests} requests, {rig.Failed} failed; console ready again {up.TotalSeconds:0.0} s after its start, followed {back.TotalSeconds:0.00} s later; {unreported} requests reported afterwards");
                Assert.True(rig.Failed == 0, rig.FirstFailure);

                await console.KillAsync(Cancelled);
                await gateway.KillAsync(Cancelled);
                start = Stopwatch.GetTimestamp();
                await using var restarted = await ConsoleProcess.StartAsync(gatewaySettings, Cancelled, directory, gatewayPorts);
                Print($"a gateway without any console serves {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s after its start (goal 2 s on an idle machine)");
                var health = await HealthAsync(restarted, "stale", "snapshot");
                Assert.True(health.GetProperty("ageSeconds").GetDouble() > 0, health.ToString());
                Assert.Equal(Id, health.GetProperty("gateway").GetString());
                Assert.Equal(HttpStatusCode.OK, await ThroughAsync(restarted));
                Assert.Equal(0, await MetricAsync(restarted, "mesh_gateway_console_connected"));
                Assert.True(await MetricAsync(restarted, "mesh_gateway_catalog_age_seconds") > 0);
                Assert.Contains("Starting from the snapshot", restarted.Output, StringComparison.Ordinal);

                await console.DisposeAsync();
                console = await ConsoleProcess.StartAsync(settings, Cancelled, ports: ports);
                await HealthAsync(restarted, "ready", "console");
                await FollowsAsync(console);
                await restarted.InterruptAsync(Cancelled);
                Assert.Equal(0, restarted.ExitCode);
            }
        }
        finally
        {
            await console.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory]
    [InlineData("--Console:Url=nonsense,http://127.0.0.1:5080,ftp://x", "nonsense, ftp://x")]
    [InlineData("--Gateway:Url=http://orders.example:80", "The gateway cannot listen on http://orders.example")]
    public async Task SettingThatIsNone_SaysWhich_AndExitsWithOne(string argument, string says)
    {
        await using var gateway = ConsoleProcess.Launch(["--role=gateway", argument]);

        await Eventually.TrueAsync(() => gateway.HasExited, Patience, "the gateway ends", Cancelled);

        await gateway.SaysAsync(says, Patience, Cancelled);
        Assert.Equal(1, gateway.ExitCode);
        Assert.DoesNotContain("   at ", gateway.Output, StringComparison.Ordinal);
    }

    private static void Print(FormattableString text) => TestContext.Current.TestOutputHelper?.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static Task FollowsAsync(ConsoleProcess console) => Eventually.TrueAsync(
        async () =>
        {
            var all = await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/subscribers", Cancelled);
            return all.GetProperty("subscribers").EnumerateArray().SingleOrDefault(subscriber => subscriber.GetProperty("id").GetString() == Id) is { ValueKind: JsonValueKind.Object } gateway
                && gateway.GetProperty("connected").GetBoolean() && gateway.GetProperty("reports").GetBoolean() && gateway.GetProperty("lag").GetInt64() == 0 && gateway.GetProperty("acknowledged").GetInt64() > 0;
        },
        Patience,
        () => $"{Id} is among the followers and up to date",
        Cancelled);

    private static async Task<JsonElement> HealthAsync(ConsoleProcess gateway, string status, string from)
    {
        JsonElement health = default;
        await Eventually.TrueAsync(
            async () =>
            {
                health = await gateway.Client.GetFromJsonAsync<JsonElement>("/health/ready", Cancelled);
                return health.GetProperty("status").GetString() == status && health.GetProperty("from").GetString() == from;
            },
            Patience,
            () => $"the gateway is {status} by what it has from {from}; it says {health}",
            Cancelled);
        return health;
    }

    // The snapshot on disk is written within seconds; a gateway that is killed before starts from the one before.
    private static Task KeptAsync(ConsoleProcess gateway) => Eventually.TrueAsync(
        () => Directory.EnumerateFiles(Path.Combine(gateway.Directory, "gateway")).Any(file => file.EndsWith(".catalog", StringComparison.Ordinal) && File.ReadAllText(file).Contains($"\"{LoadRig.Service}\"", StringComparison.Ordinal)),
        Patience,
        "the snapshot on disk has the service",
        Cancelled);

    private static async Task<double> MetricAsync(ConsoleProcess process, string name)
    {
        var line = (await process.Client.GetStringAsync("/metrics", Cancelled)).Split('\n').Single(line => line.StartsWith(name + "{", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static async Task<double> CountedAsync(ConsoleProcess console) =>
        (await console.Client.GetStringAsync("/metrics", Cancelled)).Split('\n')
            .Where(line => line.StartsWith("mesh_instance_requests_total{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));

    private static async Task<HttpStatusCode> ThroughAsync(ConsoleProcess gateway)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, gateway.GatewayUrl) { Headers = { Host = $"{LoadRig.Service}.localhost" } };
        using var answer = await client.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }
}
