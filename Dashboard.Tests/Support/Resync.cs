using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dashboard.Web.Gateway;
using Dashboard.Web.Gateway.Remote;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dashboard.Tests.Support;

/// <summary>Many followers, each with a connection of its own, lose their console (kill -9) and get it back with something new to tell.</summary>
internal sealed class Resync(int followers, Action<string> print)
{
    private const int Services = 20;
    private const int Instances = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    /// <summary>From the console's being ready to the last follower's having its registry.</summary>
    public TimeSpan Last { get; private set; }

    /// <param name="connectionString">Leads to an empty registry's database.</param>
    public async Task RunAsync(string connectionString, CancellationToken cancellationToken)
    {
        string[] settings = [$"--ConnectionStrings:Registry={connectionString}"];
        var ports = ConsolePorts.Free();
        var console = await ConsoleProcess.StartAsync(settings, cancellationToken, ports: ports);
        var catalogs = Enumerable.Range(0, followers).Select(number => Follower(number, console.Url)).ToArray();
        try
        {
            for (var service = 0; service < Services; service++)
            {
                await RegisterAsync(console, service, Instances, cancellationToken);
            }

            foreach (var catalog in catalogs)
            {
                await catalog.StartAsync(cancellationToken);
            }

            await Eventually.TrueAsync(() => catalogs.All(catalog => catalog.Knowledge.Console is not null && catalog.Feed.Current.Services.Count == Services), Patience, "all follow", cancellationToken);
            await console.KillAsync(cancellationToken);
            await Eventually.TrueAsync(() => catalogs.All(catalog => catalog.Knowledge.Console is null), Patience, "all have lost their console", cancellationToken);
            // Long enough for each to have failed several times and to pause its longest.
            await Task.Delay(TimeSpan.FromSeconds(6), TimeProvider.System, cancellationToken);
            await console.DisposeAsync();
            console = ConsoleProcess.Launch(settings, ports: ports);
            var times = new double[followers];
            var measuring = MeasureAsync(catalogs, times, cancellationToken);
            await console.ReadyAsync(Patience, cancellationToken);
            var ready = Stopwatch.GetTimestamp();
            await measuring;
            var sorted = times.Select(at => at - ready).Select(ticks => ticks / Stopwatch.Frequency).Order().ToArray();
            Last = TimeSpan.FromSeconds(Math.Max(0, sorted[^1]));
            var busiest = sorted.GroupBy(at => Math.Floor(at * 10)).Max(group => group.Count());
            print(string.Create(
                CultureInfo.InvariantCulture,
                $"{followers} followers lost their console: after its return the first was back at {sorted[0]:0.00} s, the median at {sorted[followers / 2]:0.00} s, the last at {sorted[^1]:0.00} s; at most {busiest} within 100 ms"));

            await RegisterAsync(console, Services, 1, cancellationToken);
            var written = Stopwatch.GetTimestamp();
            await Eventually.TrueAsync(() => catalogs.All(catalog => catalog.Feed.Current.Services.Count == Services + 1), Patience, "all know what is new", cancellationToken);
            print(string.Create(CultureInfo.InvariantCulture, $"all knew of a new service {Stopwatch.GetElapsedTime(written).TotalSeconds:0.00} s after it was written"));
        }
        finally
        {
            await Task.WhenAll(catalogs.Select(catalog => catalog.StopAsync(CancellationToken.None)));
            await console.DisposeAsync();
        }
    }

    private static RemoteCatalog Follower(int number, Uri console)
    {
        var options = Options.Create(new ConsoleOptions { Url = console.ToString(), Token = ConsoleProcess.Token });
        var list = new ConsoleList(options);
        return new(new ConsoleClient(list, options), list, new GatewayStatus($"follower-{number}"), options, TimeProvider.System, NullLogger<RemoteCatalog>.Instance);
    }

    private static async Task MeasureAsync(RemoteCatalog[] catalogs, double[] times, CancellationToken cancellationToken)
    {
        await Eventually.TrueAsync(
            () =>
            {
                var now = Stopwatch.GetTimestamp();
                for (var i = 0; i < catalogs.Length; i++)
                {
                    if (times[i] == 0 && catalogs[i].Knowledge.Console is not null)
                    {
                        times[i] = now;
                    }
                }

                return times.All(time => time > 0);
            },
            Patience,
            "all are back",
            cancellationToken);
    }

    private static async Task RegisterAsync(ConsoleProcess console, int service, int instances, CancellationToken cancellationToken)
    {
        await PutAsync($"/api/v1/services/s-{service}", """{"check":{"kind":"none"}}""");
        for (var i = 0; i < instances; i++)
        {
            await PutAsync($"/api/v1/services/s-{service}/instances/i-{i}", $$"""{"address":"10.0.{{service}}.{{i + 1}}","port":8080}""");
        }

        async Task PutAsync(string path, string json)
        {
            using var content = new StringContent(json, Encoding.UTF8, "application/json");
            using var answer = await console.Client.PutAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
            answer.EnsureSuccessStatusCode();
        }
    }
}
