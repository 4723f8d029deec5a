using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.RegularExpressions;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Tests.Support;
using Dashboard.Web.Discovery.Dns;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench dns [seconds]</c>: answers a second of this console, Consul and dnsmasq to the same questions (200 services of 8 instances), in turns in one run. Goals: at least 4x Consul,
/// at least 0.8x dnsmasq for A. Takes dnsperf, dnsmasq and consul from PATH; <c>CONSUL</c> may name the last.
/// </summary>
internal sealed partial class DnsBenchmark : IBenchmark
{
    private const int Services = 200;
    private const int Instances = 8;
    private const int Rounds = 3;
    private const double ConsulGoal = 4;
    private const double DnsmasqGoal = 0.8;

    public string Name => "dns";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 4;
        if (Missing() is { } missing)
        {
            await Console.Error.WriteLineAsync(missing);
            return 2;
        }

        var folder = Directory.CreateTempSubdirectory("dashboard-bench-dns-").FullName;
        try
        {
            await using var own = await StartOwnAsync(cancellationToken);
            var dnsmasqPort = FreePort.Tcp();
            await using var dnsmasq = StartDnsmasq(folder, dnsmasqPort);
            var consulPort = FreePort.Tcp();
            await using var consul = await StartConsulAsync(folder, consulPort, cancellationToken);
            (string Name, int Port)[] servers = [("this", own.Endpoints[0].Port), ("dnsmasq", dnsmasqPort), ("consul", consulPort)];
            var met = true;
            foreach (var type in new[] { "A", "SRV" })
            {
                var questions = Path.Combine(folder, $"{type}.txt");
                await File.WriteAllLinesAsync(questions, Enumerable.Range(0, Services).Select(i => $"{(type == "A" ? Host(i) : SrvName(i))}.mesh {type}"), cancellationToken);
                var figures = servers.ToDictionary(server => server.Name, _ => new List<double>());
                for (var round = 0; round < Rounds; round++)
                {
                    foreach (var (name, port) in servers)
                    {
                        figures[name].Add(await MeasureAsync(port, questions, seconds, cancellationToken));
                    }
                }

                met &= Report(type, figures);
            }

            return met ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Consul's names have "service" in them; here that is a namespace, so that all three are asked for the same.
    private static string Service(int i) => $"svc-{i:D3}.service";

    private static string Host(int i) => Service(i);

    private static string SrvName(int i) => $"_svc-{i:D3}._tcp.service";

    private static string Address(int service, int instance) => $"10.1.{service}.{instance + 1}";

    private static string? Missing()
    {
        (string Program, string Package)[] needed = [("dnsperf", "apt-get install dnsperf"), ("dnsmasq", "apt-get install dnsmasq-base")];
        foreach (var (program, install) in needed)
        {
            if (Peer.Find(program) is null)
                return $"{program} is not on PATH; install it with: {install}";
        }

        return ConsulAgent.Missing;
    }

    private static async Task<DnsServer> StartOwnAsync(CancellationToken cancellationToken)
    {
        var source = new FakeServingSource([.. Enumerable.Range(0, Services).Select(i => ServingSets.Of(
            Service(i), [.. Enumerable.Range(0, Instances).Select(j => ServingSets.Endpoint($"i-{j}", Address(i, j)))]))]);
        var options = new DnsOptions { Endpoints = [new(IPAddress.Loopback, 0)] };
        var server = new DnsServer(options, source, null, new FollowerTable(TimeProvider.System), new(), TimeProvider.System, NullLogger<DnsServer>.Instance);
        await server.StartAsync(cancellationToken);
        return server;
    }

    private static ChildProcess StartDnsmasq(string folder, int port)
    {
        var hosts = new StringBuilder();
        var settings = new StringBuilder();
        for (var i = 0; i < Services; i++)
        {
            for (var j = 0; j < Instances; j++)
            {
                hosts.AppendLine(CultureInfo.InvariantCulture, $"{Address(i, j)} {Host(i)}.mesh");
                hosts.AppendLine(CultureInfo.InvariantCulture, $"{Address(i, j)} {Address(i, j).Replace('.', '-')}-8080.addr.{Service(i)}.mesh");
                settings.AppendLine(CultureInfo.InvariantCulture, $"srv-host={SrvName(i)}.mesh,{Address(i, j).Replace('.', '-')}-8080.addr.{Service(i)}.mesh,8080,1,100");
            }
        }

        File.WriteAllText(Path.Combine(folder, "hosts"), hosts.ToString());
        File.WriteAllText(Path.Combine(folder, "dnsmasq.conf"), settings.ToString());
        return ChildProcess.Start(
            Peer.Find("dnsmasq")!,
            "--keep-in-foreground", $"--conf-file={folder}/dnsmasq.conf", "--no-resolv", "--no-hosts", $"--addn-hosts={folder}/hosts", $"--port={port}", "--listen-address=127.0.0.1",
            "--bind-interfaces", "--local=/mesh/", "--user=root", $"--pid-file={folder}/dnsmasq.pid");
    }

    private static async Task<ConsulAgent> StartConsulAsync(string folder, int dnsPort, CancellationToken cancellationToken)
    {
        var consul = await ConsulAgent.StartAsync(Path.Combine(folder, "consul"), cancellationToken, dnsPort);
        using var client = new HttpClient { BaseAddress = consul.Url };
        for (var i = 0; i < Services; i++)
        {
            for (var j = 0; j < Instances; j++)
            {
                var registration = new { Node = $"node-{i}-{j}", Address = Address(i, j), Service = new { ID = $"i-{j}", Service = $"svc-{i:D3}", Address = Address(i, j), Port = 8080 } };
                using var answer = await client.PutAsJsonAsync(new Uri("/v1/catalog/register", UriKind.Relative), registration, cancellationToken);
                answer.EnsureSuccessStatusCode();
            }
        }

        return consul;
    }

    private static async Task<double> MeasureAsync(int port, string questions, int seconds, CancellationToken cancellationToken)
    {
        // One asked before the clock runs: caches are warm for all.
        var output = await ChildProcess.RunAsync(
            Peer.Find("dnsperf")!,
            ["-s", "127.0.0.1", "-p", $"{port}", "-d", questions, "-l", $"{seconds}", "-c", "8", "-T", "1", "-q", "200", "-e"],
            cancellationToken);
        if (!NoError().IsMatch(output))
            throw new InvalidOperationException($"Not every answer was NOERROR:\n{output}");

        return double.Parse(PerSecond().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static bool Report(string type, Dictionary<string, List<double>> figures)
    {
        foreach (var (name, values) in figures)
        {
            Console.WriteLine($"{type,-4} {name,-8} {Median(values),9:N0} answers/s  ({string.Join(", ", values.Select(value => value.ToString("N0", CultureInfo.InvariantCulture)))})");
        }

        var consul = Median([.. figures["this"].Zip(figures["consul"], (own, other) => own / other)]);
        var dnsmasq = Median([.. figures["this"].Zip(figures["dnsmasq"], (own, other) => own / other)]);
        Console.WriteLine($"{type,-4} {consul:0.00}x Consul (goal {ConsulGoal:0.0}), {dnsmasq:0.00}x dnsmasq (goal {DnsmasqGoal:0.0})");
        return type != "A" || (consul >= ConsulGoal && dnsmasq >= DnsmasqGoal);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    [GeneratedRegex(@"Queries per second:\s+([0-9.]+)")]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"Response codes:\s+NOERROR \d+ \(100\.00%\)")]
    private static partial Regex NoError();
}
