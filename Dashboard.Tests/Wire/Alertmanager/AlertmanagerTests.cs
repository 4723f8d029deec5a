using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Tests.Core.Attention;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Wire.Alertmanager;

/// <summary>A real Alertmanager takes what it is told, sees the same alert in what is told again, and its end.</summary>
public sealed partial class AlertmanagerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnAlert_IsActiveUntilItIsResolved_AndTheSameWhenToldAgain()
    {
        var program = Peer.Require("prometheus-alertmanager", "apt-get install prometheus-alertmanager");
        var folder = Directory.CreateTempSubdirectory("dashboard-alertmanager-").FullName;
        try
        {
            var file = Path.Combine(folder, "alertmanager.yml");
            await File.WriteAllTextAsync(file, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n", Cancelled);
            await using var process = ChildProcess.Start(
                program, $"--config.file={file}", $"--storage.path={Path.Combine(folder, "data")}", "--web.listen-address=127.0.0.1:0", "--cluster.listen-address=");
            await Eventually.TrueAsync(
                () => Task.FromResult(process.HasExited || ListeningPattern().IsMatch(process.Output)), Patience, () => $"Alertmanager listens; it said:\n{process.Output}", Cancelled);
            using var http = new HttpClient { BaseAddress = new($"http://{ListeningPattern().Match(process.Output).Groups[1].Value}") };
            await using var rig = await WebhookRig.StartAsync(WebhookFormat.Alertmanager, url: http.BaseAddress);
            // Alertmanager's clock is the machine's; what is told to have ended must have ended by it.
            rig.Time.SetUtcNow(TimeProvider.System.GetUtcNow().AddSeconds(-100));
            rig.Fire("a");
            rig.Fire("b");

            await rig.RoundAsync();
            Assert.Null(rig.State.LastFailure);
            var told = await ActiveAsync(http, 2);
            Assert.Equal(["InstanceUnhealthy orders/a warning", "InstanceUnhealthy orders/b warning"], told.Select(Describe));
            Assert.Equal("https://mesh.example/services/orders?instance=a", told[0].GetProperty("generatorURL").GetString());
            Assert.Equal("a of orders is unhealthy", told[0].GetProperty("annotations").GetProperty("summary").GetString());

            await rig.RoundAsync(60);
            var again = await ActiveAsync(http, 2);
            Assert.Equal(told.Select(alert => alert.GetProperty("fingerprint").GetString()), again.Select(alert => alert.GetProperty("fingerprint").GetString()));
            Assert.Equal(told.Select(alert => alert.GetProperty("startsAt").GetString()), again.Select(alert => alert.GetProperty("startsAt").GetString()));

            rig.Resolve("a");
            await rig.RoundAsync();
            Assert.Null(rig.State.LastFailure);
            Assert.Equal(["InstanceUnhealthy orders/b warning"], (await ActiveAsync(http, 1)).Select(Describe));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<JsonElement[]> ActiveAsync(HttpClient http, int count)
    {
        JsonElement[] alerts = [];
        await Eventually.TrueAsync(
            async () => (alerts = (await http.GetFromJsonAsync<JsonElement[]>("/api/v2/alerts?active=true", Cancelled))!).Length == count,
            Patience, () => $"{count} alerts are active, not\n{string.Join('\n', alerts)}", Cancelled);
        return [.. alerts.OrderBy(Describe, StringComparer.Ordinal)];
    }

    private static string Describe(JsonElement alert)
    {
        var labels = alert.GetProperty("labels");
        return $"{labels.GetProperty("alertname").GetString()} {labels.GetProperty("target").GetString()} {labels.GetProperty("severity").GetString()}";
    }

    [GeneratedRegex("""msg="?Listening on"? address=(127\.0\.0\.1:[1-9][0-9]*)""")]
    private static partial Regex ListeningPattern();
}
