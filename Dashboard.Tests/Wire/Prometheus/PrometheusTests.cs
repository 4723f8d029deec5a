using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Wire.Prometheus;

/// <summary>The README's configuration in a real Prometheus: it finds the demo mesh through the console and scrapes it.</summary>
[Collection(WaitingPrograms.Name)]
public sealed partial class PrometheusTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HttpSd_PrometheusFindsTheDemoMeshAndScrapesIt_AlsoWhatDrains()
    {
        Peer.Require("prometheus", "apt-get install prometheus");
        await using var console = await ConsoleProcess.StartAsync(["--demo"], Cancelled);
        await Eventually.TrueAsync(async () => (await InstancesAsync(console)).Length == 28, Patience, () => $"the demo has registered; the console said:\n{console.Output}", Cancelled);
        await using var prometheus = await PrometheusProcess.StartAsync(folder => Configuration(console, folder), Cancelled);

        JsonElement[] targets = [];
        await Eventually.TrueAsync(
            async () => (targets = await prometheus.TargetsAsync(Cancelled)).Length == 28 && targets.All(target => target.GetProperty("health").GetString() == "up"),
            Patience, () => $"28 targets are up, not\n{string.Join('\n', targets)}\nPrometheus said:\n{prometheus.Output}", Cancelled);
        Assert.Equal(
            (await InstancesAsync(console)).Order(StringComparer.Ordinal),
            targets.Select(target => $"{Label(target, "service")}/{Label(target, "instance")}").Order(StringComparer.Ordinal));
        Assert.All(targets, target => Assert.Equal("mesh", Label(target, "job")));
        var storefront = targets.Single(target => Label(target, "instance") == "storefront-3");
        Assert.Equal(("zone-c", "node-c1", "v2"), (Label(storefront, "zone"), Label(storefront, "node"), Label(storefront, "version")));

        // Each target's sample is that instance's own: the demo says which service it believes itself to be.
        await Eventually.TrueAsync(
            async () => (await prometheus.QueryAsync("demo_info", Cancelled)).Length == 28, Patience, () => $"28 samples of demo_info; Prometheus said:\n{prometheus.Output}", Cancelled);
        Assert.All(await prometheus.QueryAsync("demo_info", Cancelled), sample => Assert.Equal(Metric(sample, "service"), Metric(sample, "demo_service")));
        await Eventually.TrueAsync(
            async () => (await prometheus.QueryAsync("""sum(demo_requests_total{service="inventory",code="200"}) > 0""", Cancelled)).Length == 1, Patience, () => "inventory, which serves HTTP/2, has answered requests", Cancelled);

        using var drained = await console.Client.PostAsJsonAsync("/api/v1/services/cart/instances/cart-1/drain", new { reason = "to see it scraped" }, Cancelled);
        drained.EnsureSuccessStatusCode();
        await Eventually.TrueAsync(
            async () => (targets = await prometheus.TargetsAsync(Cancelled)).Any(target => Label(target, "instance") == "cart-1" && Discovered(target, "intent") is "draining" or "drained"),
            Patience, () => "Prometheus knows that cart-1 drains", Cancelled);
        var draining = targets.Single(target => Label(target, "instance") == "cart-1");
        Assert.Equal(("false", "up"), (Discovered(draining, "serving"), draining.GetProperty("health").GetString()));
    }

    [Fact]
    public async Task Compose_ItsConfigurationIsValid()
    {
        var promtool = Peer.Require("promtool", "apt-get install prometheus");
        var folder = Directory.CreateTempSubdirectory("dashboard-promtool-").FullName;
        try
        {
            var file = Path.Combine(folder, "prometheus.yml");
            await File.WriteAllTextAsync(file, await ResourceAsync("Prometheus/compose.yml"), Cancelled);
            await File.WriteAllTextAsync(Path.Combine(folder, "prometheus.rules.yml"), await ResourceAsync("Prometheus/prometheus.rules.yml"), Cancelled);

            var said = await ChildProcess.RunAsync(promtool, ["check", "config", "--syntax-only", file], Cancelled);

            Assert.Contains("SUCCESS", said, StringComparison.Ordinal);
            Assert.Contains("/api/v1/prometheus/sd", await File.ReadAllTextAsync(file, Cancelled), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The README's own lines, with this console's address and quicker than by default.
    private static string Configuration(ConsoleProcess console, string folder)
    {
        var token = Path.Combine(folder, "token");
        File.WriteAllText(token, ConsoleProcess.Token);
        var example = ExamplePattern().Match(ResourceAsync("README.md").GetAwaiter().GetResult());
        Assert.True(example.Success, "the README has a task 'Scrape with Prometheus' with a configuration");
        var text = string.Concat(example.Groups[1].Value.Split('\n').Where(line => line.Length > 0).Select(line => line[4..] + "\n"));
        return "global: { scrape_interval: 1s }\n" + Replace(Replace(Replace(text, "127.0.0.1:5080", console.Url.Authority), "/etc/prometheus/dashboard-token", token), "refresh_interval: 15s", "refresh_interval: 1s");

        static string Replace(string text, string from, string to)
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            return text.Replace(from, to, StringComparison.Ordinal);
        }
    }

    private static async Task<string> ResourceAsync(string name)
    {
        using var resource = typeof(PrometheusTests).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(resource);
        return await reader.ReadToEndAsync(Cancelled);
    }

    private static async Task<string[]> InstancesAsync(ConsoleProcess console)
    {
        var groups = await console.Client.GetFromJsonAsync<JsonElement[]>("/api/v1/prometheus/sd", Cancelled);
        return [.. groups!.Select(group => group.GetProperty("labels")).Select(labels => $"{labels.GetProperty("__meta_mesh_service")}/{labels.GetProperty("__meta_mesh_instance")}")];
    }

    private static string? Label(JsonElement target, string name) => target.GetProperty("labels").TryGetProperty(name, out var value) ? value.GetString() : null;

    private static string? Discovered(JsonElement target, string name) => target.GetProperty("discoveredLabels").TryGetProperty($"__meta_mesh_{name}", out var value) ? value.GetString() : null;

    private static string? Metric(JsonElement sample, string name) => sample.GetProperty("metric").GetProperty(name).GetString();

    [GeneratedRegex(@"## Scrape with Prometheus\n.*?\n((?:    [^\n]*\n)+)", RegexOptions.Singleline)]
    private static partial Regex ExamplePattern();
}
