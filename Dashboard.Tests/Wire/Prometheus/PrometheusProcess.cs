using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Wire.Prometheus;

/// <summary>A real Prometheus with a configuration of the test's, asked through its own HTTP API.</summary>
internal sealed partial class PrometheusProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ChildProcess _process;
    private readonly string _folder;
    private readonly HttpClient _http;

    private PrometheusProcess(ChildProcess process, string folder, Uri address)
    {
        _process = process;
        _folder = folder;
        _http = new() { BaseAddress = address };
    }

    public string Output => _process.Output;

    /// <param name="configure">Gets a folder for files of its own and gives the configuration.</param>
    public static async Task<PrometheusProcess> StartAsync(Func<string, string> configure, CancellationToken cancellationToken)
    {
        var program = Peer.Require("prometheus", "apt-get install prometheus");
        var folder = Directory.CreateTempSubdirectory("dashboard-prometheus-").FullName;
        var file = Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(file, configure(folder), cancellationToken);
        var process = ChildProcess.Start(program, $"--config.file={file}", $"--storage.tsdb.path={Path.Combine(folder, "data")}", "--web.listen-address=127.0.0.1:0");
        await Eventually.TrueAsync(
            () => Task.FromResult(process.HasExited || ListeningPattern().IsMatch(process.Output)), Patience, () => $"Prometheus listens; it said:\n{process.Output}", cancellationToken);
        if (process.HasExited)
            Assert.Fail($"Prometheus ended; it said:\n{process.Output}");

        return new(process, folder, new($"http://{ListeningPattern().Match(process.Output).Groups[1].Value}"));
    }

    /// <summary>What Prometheus says under <c>data</c>; null while it does not answer.</summary>
    public async Task<JsonElement?> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("data") : null;
    }

    public async Task<JsonElement[]> TargetsAsync(CancellationToken cancellationToken) =>
        await GetAsync("/api/v1/targets?state=active", cancellationToken) is { } data ? [.. data.GetProperty("activeTargets").EnumerateArray()] : [];

    public async Task<JsonElement[]> QueryAsync(string expression, CancellationToken cancellationToken) =>
        await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}", cancellationToken) is { } data ? [.. data.GetProperty("result").EnumerateArray()] : [];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [GeneratedRegex("""msg="?Listening on"? address=(127\.0\.0\.1:[1-9][0-9]*)""")]
    private static partial Regex ListeningPattern();
}
