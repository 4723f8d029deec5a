using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Webhooks;
using Microsoft.Extensions.Configuration;

namespace Dashboard.Tests.Core.Attention;

public sealed class AttentionConfigurationTests
{
    [Fact]
    public void Nothing_IsTheDefaults()
    {
        var (options, faults) = Read();

        Assert.Empty(faults);
        Assert.Empty(options.Webhooks);
        Assert.All(RuleBook.All, rule => Assert.Equal(rule.Defaults, options.Of(rule.Rule)));
    }

    [Fact]
    public void RulesAndWebhooks_AreReadAsTheyAreWritten()
    {
        var (options, faults) = Read(
            ("Rules:InstanceUnhealthy:ForSeconds", "60"), ("Rules:InstanceUnhealthy:ClearSeconds", "0.5"), ("Rules:InstanceUnhealthy:Severity", "critical"), ("Rules:shareAstray:Threshold", "25"),
            ("Rules:StoreAway:Enabled", "false"), ("ConsoleUrl", "https://mesh.example"),
            ("Webhooks:0:Url", "https://hooks.example/T0/secret?key=1"), ("Webhooks:0:Token", "hush"), ("Webhooks:0:Headers:X-Team", "edge"), ("Webhooks:0:MinimumSeverity", "critical"),
            ("Webhooks:1:Url", "http://am:9093"), ("Webhooks:1:Format", "alertmanager"), ("Webhooks:1:Name", "am"), ("Webhooks:1:ResendSeconds", "30"), ("Webhooks:1:TimeoutSeconds", "3"));

        Assert.Empty(faults);
        Assert.Equal(new RuleSettings(AlertSeverity.Critical, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(0.5)), options.Of(AlertRule.InstanceUnhealthy));
        Assert.Equal(25, options.Of(AlertRule.ShareAstray).Threshold);
        Assert.False(options.IsEnabled(AlertRule.StoreAway));
        var (json, alertmanager) = (options.Webhooks[0], options.Webhooks[1]);
        Assert.Equal(("hooks.example", "https://hooks.example", WebhookFormat.Json, AlertSeverity.Critical), (json.Name, json.Address, json.Format, json.MinimumSeverity));
        Assert.Equal([("Authorization", "Bearer hush"), ("X-Team", "edge")], json.Headers);
        Assert.Equal("hooks.example (https://hooks.example)", json.ToString());
        Assert.Equal(("am", TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(3)), (alertmanager.Name, alertmanager.Resend, alertmanager.Timeout));
        Assert.Equal("http://am:9093/api/v2/alerts", WebhookAttempt.AddressOf(alertmanager).ToString());
        Assert.Equal("http://am:9093/x/api/v2/alerts", WebhookAttempt.AddressOf(alertmanager with { Url = new("http://am:9093/x/") }).ToString());
    }

    [Fact]
    public void EveryFault_IsNamed_AndNoSecretIs()
    {
        var (_, faults) = Read(
            ("Rule:x", "1"), ("Rules:Moon:ForSeconds", "1"), ("Rules:3:ForSeconds", "1"), ("Rules:StoreAway:ForSeconds", "soon"), ("Rules:StoreAway:ClearSeconds", "3601"), ("Rules:StoreAway:Threshold", "1"),
            ("Rules:ShareAstray:Threshold", "0"), ("Rules:BrakeEngaged:Enabled", "maybe"), ("Rules:BrakeEngaged:Severity", "7"), ("ConsoleUrl", "mesh"),
            ("Webhooks:0:Format", "xml"), ("Webhooks:1:Url", "ftp://host/secret"), ("Webhooks:2:Url", "http://host/"), ("Webhooks:2:Token", "se\ncret"), ("Webhooks:2:Headers:a b", "secret"), ("Webhooks:2:Retries", "3"),
            ("Webhooks:2:ResendSeconds", "1"));

        Assert.Equal(
            ["Attention:Rule", "Attention:Rules:3", "Attention:Rules:BrakeEngaged:Enabled", "Attention:Rules:BrakeEngaged:Severity", "Attention:Rules:Moon", "Attention:Rules:ShareAstray:Threshold", "Attention:Rules:StoreAway:ClearSeconds",
                "Attention:Rules:StoreAway:ForSeconds", "Attention:Rules:StoreAway:Threshold", "Attention:ConsoleUrl", "Attention:Webhooks:0:Format", "Attention:Webhooks:0:Url", "Attention:Webhooks:1:Url",
                "Attention:Webhooks:2:Headers:a b", "Attention:Webhooks:2:ResendSeconds", "Attention:Webhooks:2:Retries", "Attention:Webhooks:2:Token"],
            faults.Select(fault => fault[..fault.IndexOf(": ", StringComparison.Ordinal)]).Order(new ByPath()));
        Assert.DoesNotContain(faults, fault => fault.Contains("secret", StringComparison.Ordinal) || fault.Contains("cret", StringComparison.Ordinal));
    }

    [Fact]
    public void AnAddressWithAPassword_IsShownWithoutIt() => Assert.Equal("https://host:8443", new WebhookOptions("x", new("https://user:hush@host:8443/path?token=1"), WebhookFormat.Json).Address);

    private static (AttentionOptions Options, IEnumerable<string> Faults) Read(params (string Key, string Value)[] settings)
    {
        var (options, faults) = AttentionConfiguration.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(each => KeyValuePair.Create($"Attention:{each.Key}", (string?)each.Value))).Build());
        return (options, faults);
    }

    // Rules first, as the reader does; what follows is alphabetical.
    private sealed class ByPath : IComparer<string>
    {
        public int Compare(string? x, string? y) => (Rank(x!), x).CompareTo((Rank(y!), y));

        private static int Rank(string path) => path.Contains("Rule", StringComparison.Ordinal) ? 0 : path.EndsWith("ConsoleUrl", StringComparison.Ordinal) ? 1 : 2;
    }
}
