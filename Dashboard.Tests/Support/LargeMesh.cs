using System.Collections.Immutable;
using System.Net.Http.Json;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;

namespace Dashboard.Tests.Support;

/// <summary>
/// A made-up mesh of the size that large companies run: namespaces whose services mostly call one another and a few shared ones, instances in three zones. The same
/// size gives the same mesh. Some of its services are ill, and some calls fail.
/// </summary>
internal sealed class LargeMesh
{
    private static readonly string[] Teams =
    [
        "payments", "orders", "catalog", "search", "identity", "shipping", "billing", "pricing", "media", "mail", "ads", "fraud", "ledger",
        "stock", "returns", "reviews", "loyalty", "support", "partners", "reports", "events", "geo", "tax", "feeds", "platform",
    ];

    private static readonly string[] Roles = ["api", "store", "worker", "cache", "index", "gateway", "sync", "batch"];
    private static readonly string[] Zones = ["zone-a", "zone-b", "zone-c"];
    private static readonly Actor Mesh = Actor.System("mesh");

    private readonly Guid _session = Guid.NewGuid();
    private readonly Random _noise = new(4711);
    private readonly (EdgeKey Edge, double Rps, double ErrorRate, double Milliseconds)[] _calls;
    private long _sequence;
    private int _turn;

    /// <param name="services">At least 50.</param>
    /// <param name="instances">Of each service.</param>
    /// <param name="edges">Who calls whom, at most about 20 for each service.</param>
    public LargeMesh(int services, int instances, int edges)
    {
        InstancesEach = instances;
        Services = [.. Enumerable.Range(0, services).Select(index => $"{Roles[index / Teams.Length % Roles.Length]}-{index / Teams.Length}.{Teams[index % Teams.Length]}")];
        var random = new Random(17);
        var keys = new HashSet<EdgeKey>();
        while (keys.Count < edges)
        {
            var source = random.Next(services);
            // Mostly at home, some in the two namespaces next to it, a few at the shared platform.
            var team = random.Next(100) switch { < 70 => source, < 90 => source + 1 + random.Next(2), _ => Teams.Length - 1 } % Teams.Length;
            var target = team + Teams.Length * random.Next((services - team + Teams.Length - 1) / Teams.Length);
            if (target != source)
            {
                keys.Add(new(Services[source], Services[target]));
            }
        }

        _calls = [.. keys.Select((edge, index) => (edge, Math.Pow(10, random.NextDouble() * 2), index % 200 == 0 ? 0.12 : index % 71 == 0 ? 0.02 : 0.0005, 2 + random.NextDouble() * 80))];
    }

    public ImmutableArray<string> Services { get; }

    public int InstancesEach { get; }

    public int EdgeCount => _calls.Length;

    /// <summary>Services that report their own health by heartbeats: these are ill, or change.</summary>
    public IEnumerable<string> Beating => Services.Where((_, index) => (index + index / Teams.Length) % 5 == 0);

    /// <summary>No instance of it is eligible.</summary>
    public string Dead => Beating.ElementAt(7);

    public string InstanceOf(string service, int index) => $"{service[..service.IndexOf('.', StringComparison.Ordinal)]}-{service[(service.IndexOf('.', StringComparison.Ordinal) + 1)..]}-{index}";

    public Registration RegistrationOf(int service, int index) => new()
    {
        Address = $"10.{service / 250}.{service % 250}.{index + 1}",
        Port = 8080,
        Zone = Zones[(service + index) % Zones.Length],
        Node = $"node-{Zones[(service + index) % Zones.Length][^1]}-{(service * 7 + index) % 120}",
        Version = index == 0 ? "v2" : "v1",
    };

    /// <summary>Registers everything by commands, healthy but for <see cref="Dead"/>.</summary>
    public void Fill(InMemoryRegistry registry)
    {
        for (var number = 0; number < Services.Length; number++)
        {
            var service = Services[number];
            registry.Execute(new PutService(service, ServiceSettings.Default with { Check = CheckSettings.Default with { Kind = CheckKind.Ttl } }), Mesh);
            var states = ImmutableArray.CreateBuilder<HealthTransition>();
            for (var index = 0; index < InstancesEach; index++)
            {
                var key = new InstanceKey(service, InstanceOf(service, index));
                registry.Execute(new RegisterInstance(key, RegistrationOf(number, index)), Mesh);
                states.Add(new(key, new(service == Dead ? HealthStatus.Unhealthy : HealthStatus.Healthy, DateTimeOffset.UnixEpoch, "made up", 1)));
            }

            registry.Execute(new RecordHealth(service, states.ToImmutable()), Mesh);
        }
    }

    /// <summary>Registers everything through the HTTP API of a running console.</summary>
    public async Task FillAsync(HttpClient api, CancellationToken cancellationToken)
    {
        var beating = Beating.ToHashSet(StringComparer.Ordinal);
        await Parallel.ForAsync(0, Services.Length, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellationToken }, async (number, cancelled) =>
        {
            var service = Services[number];
            await PutAsync(api, $"/api/v1/services/{service}", new { check = new { kind = beating.Contains(service) ? "ttl" : "none" } }, cancelled);
            for (var index = 0; index < InstancesEach; index++)
            {
                var one = RegistrationOf(number, index);
                await PutAsync(
                    api, $"/api/v1/services/{service}/instances/{InstanceOf(service, index)}",
                    beating.Contains(service)
                        ? (object)new { address = one.Address, port = one.Port, zone = one.Zone, node = one.Node, version = one.Version, ttlSeconds = 3600 }
                        : new { address = one.Address, port = one.Port, zone = one.Zone, node = one.Node, version = one.Version },
                    cancelled);
                if (beating.Contains(service))
                {
                    await BeatAsync(api, service, index, service == Dead ? "critical" : "passing", cancelled);
                }
            }
        });
    }

    /// <summary>Lets one instance of the next so many services change its health: their nodes change.</summary>
    public async Task ChangeAsync(HttpClient api, int services, CancellationToken cancellationToken)
    {
        var beating = Beating.Where(service => service != Dead).ToArray();
        var first = _turn;
        _turn += services;
        await Parallel.ForAsync(first, first + services, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken }, async (turn, cancelled) =>
            await BeatAsync(api, beating[turn % beating.Length], 0, turn / beating.Length % 2 == 0 ? "warning" : "passing", cancelled));
    }

    /// <summary>Lets one instance of the next so many services change its health.</summary>
    public void Change(InMemoryRegistry registry, int services)
    {
        for (var left = services; left > 0; left--, _turn++)
        {
            var service = Services[_turn % Services.Length];
            var status = _turn / Services.Length % 2 == 0 ? HealthStatus.Degraded : HealthStatus.Healthy;
            registry.Execute(new RecordHealth(service, [new(new(service, InstanceOf(service, 0)), new(status, DateTimeOffset.UnixEpoch, "made up", _turn))]), Mesh);
        }
    }

    /// <summary>What one follower saw in the last second: every call goes on, as noisily as calls do, to two of the target's instances.</summary>
    public TrafficReport NextReport()
    {
        var rows = ImmutableArray.CreateBuilder<TrafficRow>(_calls.Length * 2);
        for (var index = 0; index < _calls.Length; index++)
        {
            var (edge, rps, errorRate, milliseconds) = _calls[index];
            for (var half = 0; half < 2; half++)
            {
                var requests = Poisson(rps / 2);
                if (requests > 0)
                {
                    rows.Add(new(
                        edge.Source, edge.Target, InstanceOf(edge.Target, (index + half * 5) % InstancesEach), requests, requests, Poisson(requests * errorRate) is var failed && failed > requests ? requests : failed,
                        LatencyHistogram.Of(TimeSpan.FromMilliseconds(milliseconds * (0.8 + 0.4 * _noise.NextDouble())), TimeSpan.FromMilliseconds(milliseconds * 3))));
                }
            }
        }

        return new() { Reporter = "mesh", Session = _session, Sequence = ++_sequence, Period = TimeSpan.FromSeconds(1), Rows = rows.ToImmutable() };
    }

    public async Task ReportAsync(HttpClient api, CancellationToken cancellationToken)
    {
        using var answer = await api.PostAsJsonAsync("/api/v1/reports", TrafficReportDocument.From(NextReport()), cancellationToken);
        await SucceedAsync(answer, cancellationToken);
    }

    /// <summary>Reports once a second, and lets so many services change a second, until cancelled.</summary>
    public async Task LiveAsync(HttpClient api, int changes, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        try
        {
            for (var tick = 0; await timer.WaitForNextTickAsync(cancellationToken); tick++)
            {
                if (tick % 5 == 0)
                {
                    await ReportAsync(api, cancellationToken);
                }

                if (changes > 0)
                {
                    await ChangeAsync(api, changes / 5, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private int Poisson(double mean)
    {
        if (mean > 30)
        {
            // Near enough to normal.
            var normal = Math.Sqrt(-2 * Math.Log(1 - _noise.NextDouble())) * Math.Cos(2 * Math.PI * _noise.NextDouble());
            return Math.Max(0, (int)Math.Round(mean + Math.Sqrt(mean) * normal));
        }

        var (limit, product, count) = (Math.Exp(-mean), _noise.NextDouble(), 0);
        for (; product > limit; count++)
        {
            product *= _noise.NextDouble();
        }

        return count;
    }

    private Task BeatAsync(HttpClient api, string service, int index, string status, CancellationToken cancellationToken) =>
        SendAsync(api, HttpMethod.Post, $"/api/v1/services/{service}/instances/{InstanceOf(service, index)}/heartbeat", new { status }, cancellationToken);

    private static Task PutAsync(HttpClient api, string path, object body, CancellationToken cancellationToken) => SendAsync(api, HttpMethod.Put, path, body, cancellationToken);

    private static async Task SendAsync(HttpClient api, HttpMethod method, string path, object body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = JsonContent.Create(body) };
        using var answer = await api.SendAsync(request, cancellationToken);
        await SucceedAsync(answer, cancellationToken);
    }

    private static async Task SucceedAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{answer.RequestMessage?.RequestUri}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }
}
