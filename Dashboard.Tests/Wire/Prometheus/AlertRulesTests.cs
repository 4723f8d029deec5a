using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Api;
using Dashboard.Web.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Wire.Prometheus;

/// <summary>The alert rules that are shipped for Prometheus: valid, right by their unit tests, and about metrics that there are.</summary>
public sealed partial class AlertRulesTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Promtool_FindsTheRulesValidAndTheirTestsPass()
    {
        var promtool = Peer.Require("promtool", "apt-get install prometheus");
        var folder = Directory.CreateTempSubdirectory("dashboard-rules-").FullName;
        try
        {
            foreach (var name in new[] { "prometheus.rules.yml", "prometheus.rules.test.yml" })
                await File.WriteAllTextAsync(Path.Combine(folder, name), await ResourceAsync(name), Cancelled);

            Assert.Contains("SUCCESS", await ChildProcess.RunAsync(promtool, ["check", "rules", Path.Combine(folder, "prometheus.rules.yml")], Cancelled), StringComparison.Ordinal);
            Assert.Contains("SUCCESS", await ChildProcess.RunAsync(promtool, ["test", "rules", Path.Combine(folder, "prometheus.rules.test.yml")], Cancelled), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task EveryRuleOfTheConsole_IsThere_AndTested()
    {
        var (rules, tests) = (await ResourceAsync("prometheus.rules.yml"), await ResourceAsync("prometheus.rules.test.yml"));
        var alerts = AlertPattern().Matches(rules).Select(match => match.Groups[1].Value).ToArray();

        Assert.Empty(Enum.GetNames<AlertRule>().Except(alerts, StringComparer.Ordinal));
        // Each with a case that fires.
        Assert.All(alerts, alert => Assert.Matches(new Regex($@"alertname: {alert}\n\s+exp_alerts:\n\s+- exp_labels"), tests));
        // What the console finds critical is so here.
        Assert.All(RuleBook.All, rule => Assert.Matches(new Regex($@"alert: {rule.Rule}\n(?:(?!- alert:)[\s\S])*?severity: {rule.Defaults.Severity.ToString().ToLowerInvariant()} "), rules));
    }

    [Fact]
    public async Task EveryMetricOfTheRules_IsInARealScrape()
    {
        var options = new AttentionOptions(webhooks: [new("pager", new($"http://127.0.0.1:{FreePort.Tcp()}"), WebhookFormat.Json)]);
        await using var host = await ApiHost.StartAsync(more: services => services.AddSingleton(options).AddTelemetry(), before: app => app.MapMetrics());
        host.Seed("orders", 3);
        host.Do(new DrainInstance(new("orders", "orders-1")) { Deadline = TimeSpan.FromHours(1), AtDeadline = DeadlineAction.Hold });
        host.Services.GetRequiredService<TrafficStore>().Accept(new()
        {
            Reporter = "gateway-1",
            Session = Guid.NewGuid(),
            Sequence = 1,
            Period = TimeSpan.FromSeconds(1),
            Rows = [new("web", "orders", "orders-2", 10, 10, 1, LatencyHistogram.Of(TimeSpan.FromMilliseconds(5)))],
        });

        var scraped = MetricPattern().Matches(await host.Client.GetStringAsync("/metrics", Cancelled)).Select(match => match.Value).ToImmutableHashSet(StringComparer.Ordinal);

        var named = NamedPattern().Matches(await ResourceAsync("prometheus.rules.yml")).Select(match => match.Value).ToImmutableHashSet(StringComparer.Ordinal);
        Assert.True(named.Count > 15, "the rules name metrics");
        Assert.Empty(named.Except(scraped));
    }

    private static async Task<string> ResourceAsync(string name)
    {
        using var resource = typeof(AlertRulesTests).Assembly.GetManifestResourceStream($"Prometheus/{name}")!;
        using var reader = new StreamReader(resource);
        return await reader.ReadToEndAsync(Cancelled);
    }

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex AlertPattern();

    [GeneratedRegex(@"\bmesh_[a-z_]+\b")]
    private static partial Regex NamedPattern();

    [GeneratedRegex(@"^mesh_[a-z_]+", RegexOptions.Multiline)]
    private static partial Regex MetricPattern();
}
