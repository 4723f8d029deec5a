using System.Globalization;
using System.Net.Http.Json;

namespace Dashboard.Tests.Support;

/// <summary>Makes instances, services, watchers, blocking queries and operators' acts come and go at a console, each under a new name.</summary>
internal sealed class Churn(ConsoleProcess console)
{
    private const int Instances = 20;
    private int _round;
    private int _changes;

    /// <summary>Changes that were asked for.</summary>
    public int Changes => _changes;

    /// <summary>One service comes with instances, is followed, changed and deleted.</summary>
    public async Task RoundAsync(CancellationToken cancellationToken)
    {
        var service = string.Create(CultureInfo.InvariantCulture, $"churn-{_round++}");
        await SendAsync(HttpMethod.Put, $"services/{service}", new { check = new { kind = "none" } }, cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, Instances).Select(n => SendAsync(
            HttpMethod.Put, $"services/{service}/instances/{service}-{n}", new { address = "127.0.0.1", port = 10000 + n, node = $"{service}-host-{n % 4}" }, cancellationToken)));
        using (var watch = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/watch?services={service}"))
        {
            watch.Headers.Add("X-Mesh-Client", "churn");
            using var stream = await console.Client.SendAsync(watch, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await SendAsync(HttpMethod.Patch, $"services/{service}/weights", new { weights = new Dictionary<string, int> { [$"{service}-0"] = 7 }, reason = "churn" }, cancellationToken);
            await SendAsync(HttpMethod.Post, $"services/{service}/instances/{service}-1/drain", new { reason = "churn" }, cancellationToken);
            await GetAsync($"services/{service}/endpoints", cancellationToken);
            await GetAsync("topology", cancellationToken);
        }

        await SendAsync(HttpMethod.Post, $"services/{service}/instances/{service}-1/undrain", new { reason = "churn" }, cancellationToken);
        await SendAsync(HttpMethod.Patch, $"services/{service}/weights", new { weights = new Dictionary<string, int?> { [$"{service}-0"] = null }, reason = "churn" }, cancellationToken);
        await SendAsync(HttpMethod.Delete, $"services/{service}", new { reason = "churn", @override = true }, cancellationToken);
    }

    /// <summary>What the console holds now.</summary>
    public async Task<ChurnSample> SampleAsync(CancellationToken cancellationToken)
    {
        var status = await File.ReadAllLinesAsync($"/proc/{console.Id}/status", cancellationToken);
        var resident = status.First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return new(long.Parse(resident, CultureInfo.InvariantCulture) / 1024.0, await LiveAsync(cancellationToken), Directory.GetFiles($"/proc/{console.Id}/fd").Length, _changes);
    }

    private async Task<double> LiveAsync(CancellationToken cancellationToken)
    {
        var metrics = await console.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        return (Sum("dotnet_gc_last_collection_heap_size_bytes{") - Sum("dotnet_gc_last_collection_heap_fragmentation_size_bytes{")) / 1024 / 1024;

        double Sum(string name) => metrics.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal)).Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    private async Task SendAsync(HttpMethod method, string path, object body, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _changes);
        using var request = new HttpRequestMessage(method, "/api/v1/" + path) { Content = JsonContent.Create(body) };
        using var answer = await console.Client.SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException($"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}");
    }

    private async Task GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await console.Client.GetAsync(new Uri("/api/v1/" + path, UriKind.Relative), cancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}

/// <summary>Memory and open descriptors of a process, after so many changes.</summary>
/// <param name="LiveMegabytes">What the collector's last look left, without the holes between.</param>
internal sealed record ChurnSample(double ResidentMegabytes, double LiveMegabytes, int Descriptors, int Changes)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ResidentMegabytes:0} MB resident, {LiveMegabytes:0.0} MB live, {Descriptors} descriptors, {Changes} changes");
}
