using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>A Consul server of one node that runs beside a benchmark. <c>CONSUL</c> may name the program, else it is taken from PATH.</summary>
internal sealed class ConsulAgent : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private ConsulAgent(ChildProcess process, Uri url)
    {
        _process = process;
        Url = url;
    }

    /// <summary>What to say when there is no Consul; null when there is.</summary>
    public static string? Missing => Program is null
        ? "consul is neither on PATH nor named by the variable CONSUL; unpack Debian 11's package with: dpkg -x consul_1.8.7*.deb DIRECTORY"
        : null;

    /// <summary>Its HTTP API.</summary>
    public Uri Url { get; }

    public int ProcessId => _process.Id;

    private static string? Program => Environment.GetEnvironmentVariable("CONSUL") is { Length: > 0 } named ? named : Peer.Find("consul");

    /// <summary>Starts a server that keeps its data in a folder, and waits until it leads.</summary>
    /// <param name="dnsPort">Where it answers DNS, under the domain <c>mesh</c>; null = nowhere.</param>
    public static async Task<ConsulAgent> StartAsync(string folder, CancellationToken cancellationToken, int? dnsPort = null)
    {
        int[] ports = [.. Enumerable.Range(0, 3).Select(_ => FreePort.Tcp())];
        Directory.CreateDirectory(folder);
        var settings = $$"""
            {"server": true, "bootstrap_expect": 1, "bind_addr": "127.0.0.1", "client_addr": "127.0.0.1", "data_dir": "{{folder}}/data", "domain": "mesh", "log_level": "err",
             "disable_update_check": true, "dns_config": {"allow_stale": true, "udp_answer_limit": 100, "enable_truncate": true}, "limits": {"http_max_conns_per_client": 0},
             "ports": {"dns": {{dnsPort ?? -1}}, "http": {{ports[0]}}, "serf_lan": {{ports[1]}}, "serf_wan": -1, "server": {{ports[2]}}, "grpc": -1} }
            """;
        var path = Path.Combine(folder, "consul.json");
        await File.WriteAllTextAsync(path, settings, cancellationToken);
        var process = ChildProcess.Start(Program!, "agent", $"-config-file={path}");
        var consul = new ConsulAgent(process, new($"http://127.0.0.1:{ports[0]}"));
        using var client = new HttpClient { BaseAddress = consul.Url };
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (await client.GetStringAsync(new Uri("/v1/status/leader", UriKind.Relative), cancellationToken)).Length > 4;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(60),
            () => $"Consul has a leader; it said:\n{process.Output}",
            cancellationToken);
        return consul;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
