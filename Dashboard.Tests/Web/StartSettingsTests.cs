using System.Text.RegularExpressions;
using Dashboard.Tests.Support;
using Dashboard.Web;
using Microsoft.Extensions.Configuration;

namespace Dashboard.Tests.Web;

/// <summary>Settings that cannot be: every one is named, before anything starts, and the program ends with 1.</summary>
public sealed class StartSettingsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Theory]
    [InlineData("ConnectionStrings:Registry", "nonsense")]
    [InlineData("ConnectionStrings:Registry", "postgres://dashboard:secret@db.example/dashboard")]
    [InlineData("ConnectionStrings:Registry", "Host=db.example;Prot=5432")]
    [InlineData("ConnectionStrings:Registry", "Host=db.example;Port=secret")]
    [InlineData("ConnectionStrings:RegistryOwner", "Host=db.example;Database=dashboard")]
    [InlineData("ConnectionStrings:Regstry", "Host=db.example")]
    [InlineData("Audit:RetentionDays", "-5")]
    [InlineData("Audit:RetentionDays", "99999999")]
    [InlineData("History:RetentionDays", "1e99")]
    [InlineData("Auth:AdminToken", "secret words")]
    [InlineData("Urls", "nonsense")]
    [InlineData("Urls", "http://127.0.0.1:5080;http://127.0.0.1:99999")]
    [InlineData("Gateway:Url", "http://orders.example:80")]
    [InlineData("Gateway:Http2Url", "nonsense")]
    [InlineData("Gateway:ConnectTimeout", "soon")]
    [InlineData("Gateway:Urll", "http://127.0.0.1:1")]
    [InlineData("Dns:Endpoint", "5053")]
    [InlineData("Dns:Ttl", "-1")]
    [InlineData("Agent:Endpoint", "here")]
    [InlineData("Xds:Url", "here")]
    [InlineData("Xds:LoadReportInterval", "often")]
    [InlineData("Replica:LeaseSeconds", "0")]
    [InlineData("Replica:Url", "ftp://console")]
    [InlineData("Health:AllowedNetworks", "10.0.0.0/99")]
    [InlineData("Attention:Rules:Foo:Enabled", "true")]
    [InlineData("demo", "perhaps")]
    public void ConsoleSetting_ThatCannotBe_IsNamed(string key, string value)
    {
        var fault = Assert.Single(StartSettings.FaultsOf(Settings((key, value)), "console"));

        Assert.Contains(key.StartsWith("Attention", StringComparison.Ordinal) ? "Attention:Rules:Foo" : key, fault, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ConnectionStrings:Registry", "Host=/run/postgresql;Database=dashboard;Username=dashboard;SSL Mode=Require")]
    [InlineData("ConnectionStrings:Registry", "")]
    [InlineData("Audit:RetentionDays", "0")]
    [InlineData("Urls", "http://+:5080;https://*:5443;http://[::]:5081")]
    [InlineData("Gateway:Url", "http://*:5082;http://localhost:5092")]
    [InlineData("Gateway:Http2Url", "")]
    [InlineData("Gateway:Snapshot", "off")]
    [InlineData("Dns:Endpoint", "off")]
    [InlineData("Xds:Egress", "off")]
    [InlineData("Health:AllowedNetworks:0", "10.0.0.0/8")]
    [InlineData("Health:MaxConcurrentProbes", "256")]
    [InlineData("Attention:Webhooks:0:Url", "http://127.0.0.1:9093")]
    [InlineData("Demo:Load", "0.5")]
    [InlineData("demo", "true")]
    [InlineData("Console:Token", "for another role")]
    [InlineData("Logging:LogLevel:Default", "Debug")]
    [InlineData("SOME_VARIABLE", "of the environment")]
    public void ConsoleSetting_ThatIsFine_IsNoFault(string key, string value) => Assert.Empty(StartSettings.FaultsOf(Settings((key, value)), "console"));

    [Fact]
    public void ConsoleSettings_ThatCannotBe_AreAllNamed()
    {
        (string Key, string Value)[] settings =
        [
            ("ConnectionStrings:Registry", "Host=db.example"), ("ConnectionStrings:RegistryOwner", "Database=dashboard"),
            ("Gateway:ConnectTimeout", "soon"), ("Gateway:IdleTimeout", "later"), ("Gateway:MaximumConnections", "many"),
            ("Replica:LeaseSeconds", "0"), ("Health:AllowedNetworks:0", "10.0.0.0/99"), ("Health:AllowedNetworks:1", "there"), ("Health:MaxConcurrentProbes", "0"),
            ("Dns:Endpoint", "5053,nowhere"), ("Dns:Zone", "a..b"), ("Dns:Ttl", "-1"), ("Dns:NegativeTtl", "x"), ("Dns:RateLimit", "fast"), ("Dns:RateLimitExempt", "here,there"),
            ("Agent:Endpoint", "5054"), ("Xds:Url", "orders,https://0.0.0.0:1"), ("Xds:Egress", "out"), ("Xds:LoadReportInterval", "often"),
        ];

        var faults = StartSettings.FaultsOf(Settings(settings), "console");

        // The first is fine.
        string[] keys = [.. settings.Skip(1).Select(setting => setting.Key.EndsWith(":0", StringComparison.Ordinal) || setting.Key.EndsWith(":1", StringComparison.Ordinal) ? "Health:AllowedNetworks" : setting.Key).Distinct()];
        Assert.All(keys, key => Assert.Contains(faults, fault => fault.Contains(key, StringComparison.Ordinal)));
        Assert.Equal(keys.Length, faults.Count);
        // And every part of what is a list.
        foreach (var part in new[] { "10.0.0.0/99", "there", "5053", "nowhere", "here" })
            Assert.Contains(faults, fault => fault.Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public void Faults_ThatOnlyTwoSettingsTogetherAre_AreNamed()
    {
        Assert.Contains("Xds:Certificate", Assert.Single(StartSettings.FaultsOf(Settings(("Xds:Url", "https://127.0.0.1:5081")), "console")), StringComparison.Ordinal);
        Assert.Empty(StartSettings.FaultsOf(Settings(("Xds:Url", "https://127.0.0.1:5081"), ("Xds:Certificate", "server.pem")), "console"));
    }

    [Fact]
    public void Settings_AreThoseOfTheReadme()
    {
        var readme = File.ReadAllText(Path.Combine(PostgresPackages.Root, "README.md"));
        var named = Regex.Matches(readme, "(?:`|--)([A-Z][A-Za-z0-9]+:[A-Z][A-Za-z0-9]+)").Concat(Regex.Matches(readme, "[`'(]([A-Z][A-Za-z0-9]+__[A-Z][A-Za-z0-9]+)")).Select(match => match.Groups[1].Value.Replace("__", ":", StringComparison.Ordinal));
        var inContainers = Regex.Matches(File.ReadAllText(Path.Combine(PostgresPackages.Root, "docker-compose.yml")), @"^\s+([A-Za-z]\w*__\w+):", RegexOptions.Multiline).Select(match => match.Groups[1].Value.Replace("__", ":", StringComparison.Ordinal)).ToArray();

        Assert.NotEmpty(inContainers);
        Assert.All(named.Concat(inContainers).Where(key => !key.StartsWith("Attention:", StringComparison.Ordinal)), key => Assert.Contains(key, StartSettings.Keys));
        Assert.All(StartSettings.Keys, key => Assert.Contains(key.EndsWith(':') ? "`" + key : $"`{key}`", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void GatewayAndDemo_NameTheirs()
    {
        var gateway = StartSettings.FaultsOf(Settings(("Console:Url", "x,ftp://y"), ("Console:Tokne", "secret"), ("Console:Token", "secret words"), ("Gateway:SnapshotMaximumAge", "old")), "gateway");
        var demo = StartSettings.FaultsOf(Settings(("Console:Url", "x")), "demo");

        Assert.Equal(["Console:Tokne", "Console:Token", "Gateway:SnapshotMaximumAge", "Console:Url"], gateway.Select(Key));
        Assert.DoesNotContain(gateway, fault => fault.Contains("secret", StringComparison.Ordinal));
        Assert.Equal(["Console:Url"], demo.Select(Key));
        (string Key, string Value)[] all = [("Console:Url", "x"), ("Demo:GatewayUrl", "y"), ("Demo:ListenAddress", "z"), ("Demo:Load", "much")];
        var each = StartSettings.FaultsOf(Settings(all), "demo");
        Assert.Equal(all.Length, each.Count);
        Assert.All(all, setting => Assert.Contains(each, fault => fault.Contains(setting.Key, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--rol=gateway", "--rol:")]
    [InlineData("--Gatway:Url=http://127.0.0.1:1", "--Gatway:Url:")]
    [InlineData("--role", "--role: has no value")]
    [InlineData("--Data:Directory --Urls=http://127.0.0.1:1", "--Data:Directory: has no value")]
    [InlineData("-Urls=http://127.0.0.1:1", "argument 1:")]
    [InlineData("bakcup registry.backup", "bakcup: there is no such command|argument 2:")]
    [InlineData("--demo=true false", "argument 2:")]
    public void Argument_ThatNobodyReads_IsNamed(string arguments, string says)
    {
        var faults = Dashboard.Web.CommandLine.FaultsOf(arguments.Split(' '));

        Assert.Equal(says.Split('|').Length, faults.Count);
        Assert.All(says.Split('|').Zip(faults), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
    }

    [Fact]
    public void Arguments_ThatAreFine_AreNoFault()
    {
        Assert.Empty(Dashboard.Web.CommandLine.FaultsOf(["--role", "gateway", "--Console:Url=http://10.0.0.1:5080", "--demo=true", "--environment=Production", "--Gateway:Http2Url=", "--logging:loglevel:default=Debug"]));
        Assert.Empty(Dashboard.Web.CommandLine.FaultsOf(["restore", "registry.backup", "--replace", "--Data:Directory", "/var/lib/dashboard"], skip: 2, flag: "--replace"));
    }

    [Theory]
    [InlineData("console")]
    [InlineData("gateway")]
    public async Task Program_SaysAllOfIt_AndExitsWithOne(string role)
    {
        await using var program = ConsoleProcess.Launch([$"--role={role}", "--Gateway:ConnectTimeout=soon", "--Console:Tokne=secret", "--Gateway:Http2Url=nonsense"]);

        await Eventually.TrueAsync(() => program.HasExited, Patience, "the program ends", TestContext.Current.CancellationToken);

        await program.SaysAsync($"The {role} cannot start:", Patience, TestContext.Current.CancellationToken);
        await program.SaysAsync("Gateway:ConnectTimeout", Patience, TestContext.Current.CancellationToken);
        await program.SaysAsync("Console:Tokne", Patience, TestContext.Current.CancellationToken);
        await program.SaysAsync("Gateway:Http2Url", Patience, TestContext.Current.CancellationToken);
        Assert.Equal(1, program.ExitCode);
        Assert.DoesNotContain("   at ", program.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", program.Output, StringComparison.Ordinal);
    }

    private static IConfiguration Settings(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).Build();

    // The first words of a fault name its key.
    private static string Key(string fault) =>
        fault.Contains("'Gateway:SnapshotMaximumAge'", StringComparison.Ordinal) ? "Gateway:SnapshotMaximumAge" : fault.Split(' ')[0].TrimEnd(':');
}
