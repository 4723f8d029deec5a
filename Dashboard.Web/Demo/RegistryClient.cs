using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Dashboard.Web.Demo;

/// <summary>What the demo says to the console's HTTP API.</summary>
internal sealed class RegistryClient : IDisposable
{
    /// <summary>Silence after which an instance with a ttl check counts as lost.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;

    public RegistryClient(Uri console, string? token)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null, MaxConnectionsPerServer = 8 })
        {
            BaseAddress = console,
            Timeout = TimeSpan.FromSeconds(5),
        };
        if (token is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Creates a service that is not known yet. What an operator has since changed of a known one stays.</summary>
    /// <returns>Null, or what went wrong.</returns>
    public async Task<string?> CreateAsync(DemoService service, CancellationToken cancellationToken)
    {
        using var known = await _http.GetAsync($"api/v1/services/{service.Name}", cancellationToken);
        if (known.StatusCode != HttpStatusCode.NotFound)
            return await FaultAsync(known, cancellationToken);

        var settings = new
        {
            protocol = service.Protocol,
            policy = service.Policy,
            check = service.Check == "http" ? (object)new { kind = service.Check, path = DemoServer.HealthPath } : new { kind = service.Check },
        };
        using var response = await _http.PutAsJsonAsync($"api/v1/services/{service.Name}", settings, cancellationToken);
        return await FaultAsync(response, cancellationToken);
    }

    /// <summary>Registers an instance; to repeat it changes nothing.</summary>
    /// <param name="metricsPort">Where Prometheus finds its metrics, if not where it serves.</param>
    /// <returns>Null, or what went wrong.</returns>
    public async Task<string?> RegisterAsync(DemoService service, DemoInstance instance, IPEndPoint endpoint, int? metricsPort, CancellationToken cancellationToken)
    {
        var metadata = new Dictionary<string, string> { ["team"] = "shop", ["track"] = instance.Version == "v1" ? "stable" : "canary" };
        if (metricsPort is { } port)
            metadata["prometheus.io/port"] = port.ToString(CultureInfo.InvariantCulture);
        var registration = new Dictionary<string, object>
        {
            ["address"] = endpoint.Address.ToString(),
            ["port"] = endpoint.Port,
            ["weight"] = instance.Weight,
            ["zone"] = instance.Zone,
            ["node"] = instance.Node,
            ["version"] = instance.Version,
            ["metadata"] = metadata,
        };
        if (service.Check == "ttl")
            registration["ttlSeconds"] = (int)Ttl.TotalSeconds;
        using var response = await _http.PutAsJsonAsync(Path(service, instance), registration, cancellationToken);
        return await FaultAsync(response, cancellationToken);
    }

    /// <summary>Says that an instance lives.</summary>
    /// <returns>False when the registry does not know it and it has to register again.</returns>
    /// <exception cref="HttpRequestException">No answer, or a refusal.</exception>
    public async Task<bool> HeartbeatAsync(DemoService service, DemoInstance instance, CancellationToken cancellationToken)
    {
        using var response = await _http.PostAsJsonAsync($"{Path(service, instance)}/heartbeat", new { status = "passing", output = "serving" }, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return false;
        response.EnsureSuccessStatusCode();
        return true;
    }

    /// <summary>Takes an instance out of the registry.</summary>
    public async Task DeregisterAsync(DemoService service, DemoInstance instance, CancellationToken cancellationToken)
    {
        using var response = await _http.DeleteAsync(Path(service, instance), cancellationToken);
    }

    /// <summary>Whether any instance of a service gets traffic.</summary>
    public async Task<bool> IsServingAsync(DemoService service, CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync($"api/v1/services/{service.Name}/endpoints", cancellationToken);
        if (!response.IsSuccessStatusCode)
            return false;
        using var body = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
        return body.RootElement.GetProperty("endpoints").GetArrayLength() > 0;
    }

    public void Dispose() => _http.Dispose();

    private static string Path(DemoService service, DemoInstance instance) => $"api/v1/services/{service.Name}/instances/{instance.Id}";

    private static async Task<string?> FaultAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
            return null;
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        return $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.AbsolutePath} answered {(int)response.StatusCode} {body[..Math.Min(body.Length, 300)]}";
    }
}
